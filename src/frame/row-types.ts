import type { Column } from '../expr/column.ts'
import type {
  Aggregating,
  AnyColumn,
  AnyRow,
  ClassNeed,
  Deferred,
  NamedNeeds,
  NeedsMet,
  ValueOf,
} from '../expr/column-types.ts'

/** The names a row of type `Row` is known to have; any string when nothing is known. */
export type NameOf<Row> = keyof Row & string

/** A name of `Row`, or one that is checked later: `alias.name`, `struct.field`. */
export type NameIn<Row> = NameOf<Row> | `${string}.${string}`

/** A column that needs nothing but what `Row` has. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ColumnOf<Row> = Column<any, NeedsMet<Row>, any>

/** `C`, unless what it computes is certainly no boolean. */
export type Condition<C, Row> =
  C extends Column<infer T, infer _N, infer _A>
    ? [ClassNeed<T, 'boolean'>] extends [NeedsMet<Row>]
      ? C
      : Column<boolean | null, NeedsMet<Row>>
    : C

/** As {@link ColumnOf}, where rows are aggregated. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type MeasureOf<Row> = Column<any, NeedsMet<Row> | Aggregating, any>

/** What `select` takes. */
export type Selectable<Row> = NameIn<Row> | '*' | MeasureOf<Row>

type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** Whether nothing is known of `Row`: every name is one of its own. */
type IsOpen<Row> = string extends keyof Row ? true : false

type SelectedName<C> = C extends string
  ? LastPart<C>
  : C extends Column<infer _T, infer _N, infer Name>
    ? string extends Name
      ? never
      : LastPart<Name & string>
    : never

type LastPart<Name extends string> = Name extends '*'
  ? never
  : Name extends `${string}.${infer Rest}`
    ? LastPart<Rest>
    : Name

type SelectedValue<C, Row> = C extends string
  ? C extends keyof Row
    ? Row[C]
    : NamedNeeds<C> extends never
      ? // eslint-disable-next-line @typescript-eslint/no-explicit-any
        any
      : unknown
  : C extends Column<infer T, infer _N, infer Name>
    ? Name extends `${string}.${string}`
      ? // eslint-disable-next-line @typescript-eslint/no-explicit-any
        any
      : ValueOf<T, Row>
    : unknown

type Entries<Row, C extends readonly unknown[]> = {
  [I in Extract<keyof C, `${number}`> as SelectedName<C[I]>]: SelectedValue<C[I], Row>
} & ([Generated<C[number], Row>] extends [never] ? unknown : Generated<C[number], Row>)

/** Whether a column of `C` has a name that the compiler does not know. */
type IsUnnamed<C> = C extends Column<infer _T, infer _N, infer Name> ? (string extends Name ? true : never) : never

/** A row of `Known`, and of columns whose names are not known where `C` holds some. */
type Opened<Known, C extends readonly unknown[]> = [IsUnnamed<C[number]>] extends [never]
  ? Simplify<Known>
  : Simplify<Known> & AnyRow

/** The columns that a generator makes, which `as()` named: of a list or a map, the position first where it counts. */
type Generated<C, Row> =
  C extends Column<infer T, infer _N, infer _A>
    ? 0 extends 1 & T
      ? never
      : T extends Deferred<
            'columns',
            [Deferred<infer Operation, infer Operands>, infer Names extends readonly string[]]
          >
        ? Operation extends 'positions'
          ? GeneratedFrom<ValueOf<Operands[0], Row>, Names, Operands[1], [number | Operands[1]]>
          : Operation extends 'field'
            ? GeneratedFrom<ValueOf<Operands[0], Row>, Names, Operands[2], []>
            : ByNames<Names, any[]>
        : never
    : never

type GeneratedFrom<V, Names extends readonly string[], Missing, Positions extends readonly unknown[]> = ByNames<
  Names,
  0 extends 1 & V
    ? any[]
    : NonNullable<V> extends Map<infer Key, infer Value>
      ? [...Positions, Key | Missing, Value | Missing]
      : NonNullable<V> extends readonly (infer Item)[]
        ? [...Positions, Item | null]
        : any[]
>

type ByNames<Names extends readonly string[], Values extends readonly unknown[]> = {
  [I in Extract<keyof Names, `${number}`> as Names[I] & string]: I extends keyof Values ? Values[I] : Values[number]
}

/** The row that selecting `C` from `Row` gives; nothing is known of it when the number of columns is not. */
export type Selected<Row, C extends readonly unknown[]> = number extends C['length']
  ? AnyRow
  : '*' extends C[number]
    ? Opened<Omit<Row, keyof Entries<Row, C>> & Entries<Row, C>, C>
    : Opened<Entries<Row, C>, C>

/** `Row` with a column added or replaced. */
export type WithColumn<Row, Name extends string, C extends AnyColumn> = Simplify<
  Omit<Row, Name> & { [K in Name]: C extends Column<infer T, infer _N, infer _A> ? ValueOf<T, Row> : unknown }
>

/** `Row` with columns added or replaced. */
export type WithColumns<Row, C extends Readonly<Record<string, AnyColumn>>> = Simplify<
  Omit<Row, keyof C> & {
    -readonly [K in keyof C]: C[K] extends Column<infer T, infer _N, infer _A> ? ValueOf<T, Row> : unknown
  }
>

export type Renamed<Row, From extends string, To extends string> =
  IsOpen<Row> extends true ? Row : Simplify<{ [K in keyof Row as K extends From ? To : K]: Row[K] }>

export type Dropped<Row, Name> = IsOpen<Row> extends true ? Row : Simplify<Omit<Row, Name & keyof Row>>

/** The name of a column that `drop` was given. */
export type DroppedName<C> = C extends string ? C : C extends Column<infer _T, infer _N, infer Name> ? Name : never

/** `Row` with columns called as `Names` says. */
export type RenamedAll<Row, Names> =
  IsOpen<Row> extends true
    ? Row
    : Simplify<{ [K in keyof Row as K extends keyof Names ? Names[K] & string : K]: Row[K] }>

/** The row of an aggregation: keys, then measures. */
export type Aggregated<Keys, Row, M extends readonly unknown[]> = Opened<Keys & Entries<Row, M>, M>

/** `Row` with NULL in any column. */
export type Nullable<Row> = { [K in keyof Row]: Row[K] | null }

type NameOfValue<V> = V extends string | number | bigint | boolean | null ? `${V}` : string

/** The row of a pivot of one measure of type `T`; of the columns nothing is known when the values are not. */
export type PivotedBy<Keys, Values extends readonly unknown[], T> = Values[number] extends never
  ? Keys & AnyRow
  : Simplify<Keys & { [V in Values[number] as NameOfValue<V>]: T | null }>

/** The row of a pivot: keys, then for each value its measures. */
export type Pivoted<Keys, Row, Values extends readonly unknown[], M extends readonly unknown[]> = M extends readonly [
  infer One,
]
  ? PivotedBy<Keys, Values, SelectedValue<One, Row>>
  : Values[number] extends never
    ? Keys & AnyRow
    : Opened<
        Keys & {
          [I in Extract<keyof M, `${number}`> as `${NameOfValue<Values[number]>}_${SelectedName<M[I]>}`]: SelectedValue<
            M[I],
            Row
          > | null
        },
        M
      >

/** The row of an unpivot: the ids, a name, and a value. */
export type Unpivoted<Row, Ids, Values, Variable extends string, Value extends string> =
  IsOpen<Row> extends true
    ? AnyRow
    : Simplify<
        Pick<Row, Ids & keyof Row> & { [K in Variable]: Values & string } & { [K in Value]: Row[Values & keyof Row] }
      >

type ElementOf<T> = NonNullable<T> extends readonly (infer E)[] ? E : unknown
type OuterOf<Options, T> = Options extends { outer: true } ? T | null : T
type PositionOf<Options> = Options extends { position: infer P extends string }
  ? { [K in P]: OuterOf<Options, number> }
  : {}
type FirstName<Options, Else extends string> = Options extends { as: readonly [infer A extends string, ...unknown[]] }
  ? A
  : Options extends { as: infer A extends string }
    ? A
    : Else
type SecondName<Options, Else extends string> = Options extends { as: readonly [unknown, infer B extends string] }
  ? B
  : Else

/** The row of an explode: elements, entries or fields in the place of the column. */
export type Exploded<Row, Name extends string, Options> =
  IsOpen<Row> extends true
    ? AnyRow
    : Name extends keyof Row
      ? 0 extends 1 & Row[Name]
        ? AnyRow
        : NonNullable<Row[Name]> extends readonly unknown[]
          ? Simplify<
              Omit<Row, Name> &
                PositionOf<Options> & { [K in FirstName<Options, Name>]: OuterOf<Options, ElementOf<Row[Name]>> }
            >
          : NonNullable<Row[Name]> extends Map<infer Key, infer Value>
            ? Simplify<
                Omit<Row, Name> &
                  PositionOf<Options> & { [K in FirstName<Options, 'key'>]: OuterOf<Options, Key> } & {
                    [K in SecondName<Options, 'value'>]: OuterOf<Options, Value>
                  }
              >
            : Options extends { as: unknown }
              ? AnyRow
              : Simplify<
                  Omit<Row, Name> & {
                    [K in keyof NonNullable<Row[Name]>]:
                      | NonNullable<Row[Name]>[K]
                      | (null extends Row[Name] ? null : never)
                  }
                >
      : AnyRow

type SameKind<T, V> = V extends number | bigint
  ? NonNullable<T> extends number | bigint
    ? true
    : false
  : V extends string
    ? NonNullable<T> extends string
      ? true
      : false
    : V extends boolean
      ? NonNullable<T> extends boolean
        ? true
        : false
      : false

/** `Row` without NULL in the columns that `V` fills. Text may stand for a date, which text does not fill: it keeps its NULL. */
export type Filled<Row, V> =
  IsOpen<Row> extends true
    ? Row
    : { [K in keyof Row]: V extends string ? Row[K] : SameKind<Row[K], V> extends true ? NonNullable<Row[K]> : Row[K] }

/** `Row` without NULL in the columns `Names`. */
export type FilledEach<Row, Names> =
  IsOpen<Row> extends true ? Row : { [K in keyof Row]: K extends Names ? NonNullable<Row[K]> : Row[K] }

/** `Row` without NULL in the columns `Names`. */
export type WithoutNulls<Row, Names> = FilledEach<Row, Names>

/** The row of describe and summary; which columns it has depends on their types in the engine. */
export type Summarized<Name extends string> = string extends Name
  ? AnyRow
  : { summary: string } & { [K in Name]?: string | null }

/** The row of a union by name: columns of both. */
export type UnionByName<L, R> =
  IsOpen<L> extends true
    ? AnyRow
    : IsOpen<R> extends true
      ? AnyRow
      : Simplify<
          { [K in keyof L]: K extends keyof R ? L[K] | R[K] : L[K] | null } & {
            [K in Exclude<keyof R, keyof L>]: R[K] | null
          }
        >

export type JoinSpelling =
  | 'inner'
  | 'left'
  | 'right'
  | 'full'
  | 'outer'
  | 'semi'
  | 'anti'
  | 'cross'
  | 'left_semi'
  | 'left_anti'
  | 'left_outer'
  | 'right_outer'
  | 'full_outer'

/** The row of a join: the side that may miss has nulls, keys that come out once have none. */
export type Joined<L, R, How extends string, Keys = never> =
  IsOpen<L> extends true
    ? AnyRow
    : How extends 'semi' | 'anti' | 'left_semi' | 'left_anti'
      ? L
      : IsOpen<R> extends true
        ? AnyRow
        : Simplify<
            JoinSides<Omit<L, Keys & keyof L>, Omit<R, Keys & keyof R>, How> &
              Pick<
                How extends 'right' | 'right_outer' ? R : L,
                Keys & keyof (How extends 'right' | 'right_outer' ? R : L)
              >
          >

type JoinSides<L, R, How extends string> = How extends 'left' | 'left_outer'
  ? Omit<L, keyof R> & Nullable<R>
  : How extends 'right' | 'right_outer'
    ? Nullable<Omit<L, keyof R>> & R
    : How extends 'full' | 'outer' | 'full_outer'
      ? Nullable<Omit<L, keyof R>> & Nullable<R>
      : Omit<L, keyof R> & R

/** The row read back of one that was given: what SQL holds as a date or time comes back as exact text. */
export type RowRead<Row> = {
  [K in keyof Row]: Row[K] extends infer V ? (V extends Date ? string : V extends undefined ? null : V) : never
}
