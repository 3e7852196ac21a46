import type { Column } from './column.ts'
import type { Value } from './expression.ts'

declare const reference: unique symbol
declare const deferred: unique symbol

/** The type of a column that is known by name only, until a row type is there to look it up in. */
export interface Ref<Name extends string> {
  readonly [reference]: Name
}

/** The type an operation has once the types of its operands are known. */
export interface Deferred<Operation extends string, Operands extends readonly unknown[]> {
  readonly [deferred]: [Operation, Operands]
}

/** Rows about which nothing is known: every name may be there, with any value. A DataFrame of them goes where any is wanted. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyRow = any

/** Any column, whatever it needs and makes. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyColumn = Column<any, any, any>

/** What operators take on their right: a column, or a value (a string is a value here). */
export type Operand = AnyColumn | Value

/** What functions take: a column, the name of one, or a value that is not a string. */
export type Argument = AnyColumn | Value

/** The (deferred) type of an operand of an operator. */
export type OperandType<O> = O extends Column<infer T, infer _N, infer _A> ? T : Widened<O>

/** The (deferred) type of an argument of a function, where a string is a column's name. */
export type ArgumentType<A> = A extends string ? NamedType<A> : OperandType<A>

/** The (deferred) types of arguments of functions. */
export type ArgumentTypes<A extends readonly unknown[]> = { readonly [I in keyof A]: ArgumentType<A[I]> }

/** What a column is called in a result. */
export type OperandName<O> = O extends Column<infer _T, infer _N, infer Name> ? Name : never

/** The names that `O` needs its row to have. */
export type OperandNeeds<O> = O extends Column<infer _T, infer N, infer _A> ? N : never

/** As {@link OperandNeeds}, where a string is a column's name. */
export type ArgumentNeeds<A> = A extends string ? NamedNeeds<A> : OperandNeeds<A>

/** Kinds of values that operators and functions ask for, as far as the compiler can tell them apart in a row. */
export type Class = 'number' | 'string' | 'boolean' | 'temporal' | 'binary' | 'list' | 'map' | 'struct'

/**
 * As {@link OperandNeeds}, and that its value is of the class: `"delay: number"` is a need that a row with a number by that
 * name meets.
 */
export type OperandWants<C extends Class, O> = OperandNeeds<O> | ClassNeed<OperandType<O>, C>

/** As {@link ArgumentNeeds}, and that its value is of the class. */
export type Wants<C extends Class, A> = ArgumentNeeds<A> | ClassNeed<ArgumentType<A>, C>

/** What an aggregate needs besides columns: to stand where rows are aggregated. `over()` a window it stands anywhere. */
export type Aggregating = 'agg(), select() or over() around it'

/** As {@link ArgumentNeeds}, of an argument of an aggregate. */
export type AggregateNeeds<A> = ArgumentNeeds<A> | Aggregating

/** As {@link Wants}, of an argument of an aggregate. */
export type AggregateWants<C extends Class, A> = Wants<C, A> | Aggregating

/** What a value of the (deferred) type has to be for class `C`; a need that no row meets when it is certainly something else. */
export type ClassNeed<T, C extends Class> =
  IsAny<T> extends true
    ? never
    : T extends Ref<infer Name>
      ? NamedNeeds<Name> extends never
        ? never
        : `${Name}: ${C}`
      : T extends Deferred<infer Operation, infer _Operands>
        ? Operation extends keyof OperationClass
          ? C extends OperationClass[Operation]
            ? never
            : `a ${OperationClass[Operation]} where a ${C} is wanted`
          : never
        : C extends ClassesOf<T>
          ? never
          : `a ${ClassesOf<T>} where a ${C} is wanted`

/** What arithmetic needs its operands to be; nothing where a date or interval may take part. */
export type ArithmeticNeeds<T, O> =
  IsAny<O> extends true
    ? never
    : IsAny<T> extends true
      ? never
      : O extends Deferred<'time', infer _O>
        ? never
        : T extends Deferred<'time', infer _T>
          ? never
          : ClassNeed<T, 'number'> | ClassNeed<O, 'number'>

/** What a comparison needs its operands to be: each of the class of the other, where that is certain. */
export type ComparisonNeeds<T, O> = NeedLike<T, CertainClass<O>> | NeedLike<O, CertainClass<T>>

type NeedLike<T, C> = [C] extends [never] ? never : ClassNeed<T, C & Class>

type CertainClass<T> =
  IsAny<T> extends true
    ? never
    : unknown extends T
      ? never
      : T extends Ref<infer _Name>
        ? never
        : T extends Deferred<infer Operation, infer _Operands>
          ? Operation extends 'number' | 'bigint' | 'boolean' | 'string'
            ? OperationClass[Operation]
            : never
          : [NonNullable<T>] extends [never]
            ? never
            : [NonNullable<T>] extends [number | bigint]
              ? 'number'
              : [NonNullable<T>] extends [string]
                ? 'string'
                : [NonNullable<T>] extends [boolean]
                  ? 'boolean'
                  : [NonNullable<T>] extends [Date]
                    ? 'temporal'
                    : never

interface OperationClass {
  readonly arithmetic: 'number' | 'temporal'
  readonly boolean: 'boolean'
  readonly number: 'number'
  readonly bigint: 'number'
  readonly sum: 'number'
  readonly string: 'string'
  readonly time: 'temporal' | 'string'
  readonly bytes: 'binary'
  readonly list: 'list'
}

/** The classes that a value of a row may be of: text may be a date as well, and `${number}` a DECIMAL. */
type ClassesOf<V> =
  IsAny<V> extends true
    ? Class
    : unknown extends V
      ? Class
      : NonNullable<V> extends infer N
        ? [N] extends [never]
          ? Class
          : N extends number | bigint
            ? 'number'
            : N extends `${number}`
              ? 'number' | 'string' | 'temporal'
              : N extends string
                ? 'string' | 'temporal'
                : N extends boolean
                  ? 'boolean'
                  : N extends Date
                    ? 'temporal'
                    : N extends Uint8Array
                      ? 'binary'
                      : N extends readonly unknown[]
                        ? 'list'
                        : N extends Map<unknown, unknown>
                          ? 'map'
                          : 'struct'
        : never

/** The needs that a row of type `Row` meets: its names, and each with what its values are. */
export type NeedsMet<Row> =
  | (keyof Row & string)
  | { [K in keyof Row & string]: `${K}: ${ClassesOf<Row[K]>}` }[keyof Row & string]

/** `alias.name` and `struct.field` are checked when the plan is, not by the compiler. */
export type NamedNeeds<Name extends string> = Name extends '*' | `${string}.${string}` ? never : Name

export type NamedType<Name extends string> = Ref<Name>

type Widened<V> = V extends string ? string : V extends number ? number : V extends boolean ? boolean : V

type IsAny<T> = 0 extends 1 & T ? true : false

/** The type of a column in a row of type `Row`: references are looked up, operations worked out. */
export type ValueOf<T, Row> =
  IsAny<T> extends true
    ? T
    : T extends Ref<infer Name>
      ? Name extends keyof Row
        ? Row[Name]
        : unknown
      : T extends Deferred<infer Operation, infer Operands>
        ? Operation extends 'struct'
          ? { -readonly [K in keyof Operands[0]]: ValueOf<Operands[0][K], Row> }
          : Apply<Operation, { [I in keyof Operands]: ValueOf<Operands[I], Row> }>
        : T

type NullIn<T> = IsAny<T> extends true ? never : Extract<T, null | undefined> extends never ? never : null

type Apply<Operation extends string, T extends readonly unknown[]> = Operation extends 'arithmetic'
  ? Arithmetic<T[0], T[1]>
  : Operation extends 'boolean'
    ? boolean | NullIn<T[number]>
    : Operation extends 'number'
      ? number | NullIn<T[number]>
      : Operation extends keyof Made
        ? Made[Operation] | NullIn<T[number]>
        : Operation extends 'item'
          ? Item<T[0]>
          : Operation extends 'array'
            ? T[number][]
            : Operation extends 'same'
              ? T[0]
              : Operation extends 'string'
                ? string | NullIn<T[number]>
                : Operation extends 'time'
                  ? string | NullIn<T[number]>
                  : Operation extends 'sum'
                    ?
                        | (IsAny<T[0]> extends true
                            ? unknown
                            : NonNullable<T[0]> extends bigint
                              ? bigint
                              : Summed<NonNullable<T[0]>>)
                        | null
                    : Operation extends 'nullable'
                      ? T[0] | null
                      : Operation extends 'nonnull'
                        ? NonNullable<T[0]>
                        : Operation extends 'coalesce'
                          ? Coalesced<T>
                          : Operation extends 'list'
                            ? NonNullable<T[0]>[]
                            : Operation extends 'field'
                              ? Field<T[0], T[1]>
                              : Nested<Operation, T>

/** Results that depend on operands for nothing but NULL. */
interface Made {
  readonly bigint: bigint
  readonly bytes: Uint8Array
  readonly strings: (string | null)[]
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly positions: any
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly fields: any
  readonly numbers: (number | null)[]
}

/** Results by the maps and structs they are made from. */
type Nested<Operation, T extends readonly unknown[]> = Operation extends 'withField'
  ? IsAny<T[0]> extends true
    ? any
    : T[1] extends `${infer Head}.${infer Rest}`
      ? Omit<NonNullable<T[0]>, Head> & {
          [K in Head]: Nested<'withField', [K extends keyof NonNullable<T[0]> ? NonNullable<T[0]>[K] : any, Rest, T[2]]>
        }
      : Omit<NonNullable<T[0]>, T[1] & string> & { [K in T[1] & string]: T[2] }
  : Operation extends 'without'
    ? IsAny<T[0]> extends true
      ? any
      : Omit<NonNullable<T[0]>, T[1] & string>
    : Operation extends 'map'
      ? Map<Item<T[0]>, Item<T[1]>>
      : NonNullable<T[0]> extends Map<infer K, infer V>
        ? Operation extends 'key'
          ? K
          : Operation extends 'value'
            ? V
            : Operation extends 'keys'
              ? K[]
              : Operation extends 'values'
                ? V[]
                : Operation extends 'entries'
                  ? { key: K; value: V }[]
                  : Operation extends 'rekeyed'
                    ? Map<T[1], V>
                    : Operation extends 'revalued'
                      ? Map<K, T[1]>
                      : unknown
        : unknown

type Item<T> = IsAny<T> extends true ? any : NonNullable<T> extends readonly (infer I)[] ? I : unknown

type Summed<T> = T extends number ? number | bigint : T extends bigint ? bigint : T

type Arithmetic<A, B> =
  IsAny<A> extends true
    ? any
    : IsAny<B> extends true
      ? any
      : Numeric<NonNullable<A>, NonNullable<B>> | NullIn<A> | NullIn<B>

type Numeric<A, B> = [A | B] extends [number]
  ? number
  : [A | B] extends [bigint]
    ? bigint
    : [A | B] extends [number | bigint]
      ? number | bigint
      : unknown

type Coalesced<T extends readonly unknown[]> = T extends readonly [...infer Rest, infer Last]
  ? NonNullable<Rest[number]> | Last
  : T[number]

type Field<T, Key> =
  IsAny<T> extends true
    ? any
    : NonNullable<T> extends readonly (infer Item)[]
      ? Key extends number
        ? Item | null
        : IsAny<Item> extends true
          ? any
          : Key extends keyof NonNullable<Item>
            ? (NonNullable<Item>[Key] | NullIn<Item>)[] | NullIn<T>
            : unknown
      : NonNullable<T> extends Map<infer _K, infer Item>
        ? Item | null
        : Key extends keyof NonNullable<T>
          ? NonNullable<T>[Key] | NullIn<T>
          : unknown
