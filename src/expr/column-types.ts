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

/** The names that `O` needs its row to have. */
export type OperandNeeds<O> = O extends Column<infer _T, infer N, infer _A> ? N : never

/** As {@link OperandNeeds}, where a string is a column's name. */
export type ArgumentNeeds<A> = A extends string ? NamedNeeds<A> : OperandNeeds<A>

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
        ? Apply<Operation, { [I in keyof Operands]: ValueOf<Operands[I], Row> }>
        : T

type NullIn<T> = IsAny<T> extends true ? never : Extract<T, null | undefined> extends never ? never : null

type Apply<Operation extends string, T extends readonly unknown[]> = Operation extends 'arithmetic'
  ? Arithmetic<T[0], T[1]>
  : Operation extends 'boolean'
    ? boolean | NullIn<T[number]>
    : Operation extends 'number'
      ? number | NullIn<T[number]>
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
                      : unknown

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
        : unknown
      : NonNullable<T> extends Map<infer _K, infer Item>
        ? Item | null
        : Key extends keyof NonNullable<T>
          ? NonNullable<T>[Key] | NullIn<T>
          : unknown
