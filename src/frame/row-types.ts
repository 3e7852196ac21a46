import type { Column } from '../expr/column.ts'
import type { AnyColumn, AnyRow, NamedNeeds, ValueOf } from '../expr/column-types.ts'

/** The names a row of type `Row` is known to have; any string when nothing is known. */
export type NameOf<Row> = keyof Row & string

/** A name of `Row`, or one that is checked later: `alias.name`, `struct.field`. */
export type NameIn<Row> = NameOf<Row> | `${string}.${string}`

/** A column that needs nothing but what `Row` has. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ColumnOf<Row> = Column<any, NameOf<Row>, any>

/** What `select` and its kin take. */
export type Selectable<Row> = NameIn<Row> | '*' | ColumnOf<Row>

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
}

/** Whether a column of `C` has a name that the compiler does not know. */
type IsUnnamed<C> = C extends Column<infer _T, infer _N, infer Name> ? (string extends Name ? true : never) : never

/** A row of `Known`, and of columns whose names are not known where `C` holds some. */
type Opened<Known, C extends readonly unknown[]> = [IsUnnamed<C[number]>] extends [never]
  ? Simplify<Known>
  : Simplify<Known> & AnyRow

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

/** The row of an aggregation: keys, then measures. */
export type Aggregated<Keys, Row, M extends readonly unknown[]> = Opened<Keys & Entries<Row, M>, M>

type Nullable<Row> = { [K in keyof Row]: Row[K] | null }

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
