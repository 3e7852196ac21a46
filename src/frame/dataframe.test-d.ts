import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { when } from '../expr/when.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import type { WriteResult } from '../write/write-task.ts'
import type { AnyRow } from '../expr/column-types.ts'
import type { createDataFrame } from './create-data-frame.ts'
import type { DataFrame } from './dataframe.ts'
import type { Table } from './table.ts'
import type { Reader } from './reader.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type RowOf<F> = F extends DataFrame<infer Row> ? Row : never

/** Compiles only if the rows of `frame` are exactly `Row`. */
declare function rowsAre<Row>(): <R extends object>(
  frame: DataFrame<R>,
  ...same: Equal<R, Row> extends true ? [] : [wrong: never]
) => void

interface Flight {
  origin: string
  delay: number | null
  distance: number
  id: bigint
  place: { city: string; tags: string[] }
}

interface Airport {
  origin: string
  city: string
}

declare const flights: DataFrame<Flight>
declare const airports: DataFrame<Airport>
declare const anything: DataFrame
declare const read: Reader
declare const create: typeof createDataFrame

declare const listed: DataFrame<{ s: { b: number }[] }>

declare const conditional: DataFrame<{ late: boolean | null; n: number }>

export function select(): void {
  rowsAre<{ origin: string; delay: number | null }>()(flights.select('origin', 'delay'))
  rowsAre<{ far: boolean; id: bigint }>()(flights.select(col('distance').gt(100).as('far'), 'id'))
  rowsAre<Flight & { n: number }>()(flights.select('*', lit(1).as('n')) as DataFrame<Flight & { n: number }>)
  rowsAre<{ city: any }>()(flights.select('place.city'))
  rowsAre<{ tag: string | null }>()(flights.select(col('place').getField('tags').getItem(0).as('tag')))
  rowsAre<{ b: number[] }>()(listed.select(col('s').getField('b').as('b')))
  // @ts-expect-error no such column
  flights.select('agee')
  // @ts-expect-error no such column inside an expression
  flights.select(col('agee').add(1).as('x'))
  // @ts-expect-error no such column inside a function
  flights.select(F.upper('agee').as('x'))
  // @ts-expect-error a number is not a column
  flights.select(1)
  // @ts-expect-error delay is gone after the first select
  flights.select('origin').select('delay')
}

export function expressions(): void {
  rowsAre<{ v: number | null }>()(flights.select(col('delay').div(60).as('v')))
  rowsAre<{ v: number | null }>()(flights.select(col('distance').div(col('distance')).as('v')))
  rowsAre<{ v: number }>()(flights.select(col('distance').div(2).as('v')))
  rowsAre<{ v: number }>()(flights.select(col('distance').add(1).as('v')))
  rowsAre<{ v: bigint }>()(flights.select(col('id').mul(col('id')).as('v')))
  rowsAre<{ v: number | bigint }>()(flights.select(col('id').add(1).as('v')))
  rowsAre<{ v: boolean | null }>()(flights.select(col('delay').gt(1).as('v')))
  rowsAre<{ v: boolean }>()(flights.select(col('delay').isNull().as('v')))
  rowsAre<{ v: boolean }>()(flights.select(col('delay').eqNullSafe(1).as('v')))
  rowsAre<{ v: number }>()(flights.select(F.coalesce('delay', 0).as('v')))
  rowsAre<{ v: string | number }>()(flights.select(when(col('delay').gt(1), 'late').otherwise(col('distance')).as('v')))
  rowsAre<{ v: string | null }>()(flights.select(when(col('delay').gt(1), 'late').as('v')))
  rowsAre<{ v: number }>()(flights.select(col('origin').cast<number>('int').as('v')))
  rowsAre<{ v: number }>()(flights.select(F.length('origin').as('v')))
  rowsAre<{ v: number; w: number | null }>()(
    flights.select(
      F.rowNumber()
        .over(Window.partitionBy('origin').orderBy(col('delay').desc()))
        .as('v'),
      F.lag('distance').over(Window.orderBy('id')).as('w'),
    ),
  )
  // @ts-expect-error a window needs columns that are there
  flights.select(F.rowNumber().over(Window.partitionBy('agee')).as('v'))
  // @ts-expect-error a plain object is no value
  col('delay').eq({})
  // @ts-expect-error undefined is no value
  col('delay').eq(undefined)
  // @ts-expect-error a type is text
  col('delay').cast(1)
  // @ts-expect-error a literal holds a value
  lit([1, 2])
  // @ts-expect-error a regular expression is given as text
  col('origin').rlike(/a/)
}

export function steps(): void {
  rowsAre<{
    origin: string
    delay: number | null
    distance: number
    id: bigint
    place: Flight['place']
    hours: number | null
  }>()(flights.withColumn('hours', col('delay').div(60)))
  rowsAre<{ origin: string; city: string; n: number }>()(airports.withColumns({ n: lit(1) }))
  rowsAre<{ origin: number; city: string }>()(
    airports.withColumn('origin', F.length('origin')).select('origin', 'city'),
  )
  rowsAre<{ code: string; city: string }>()(airports.withColumnRenamed('origin', 'code'))
  rowsAre<{ city: string }>()(airports.drop('origin'))
  rowsAre<Airport>()(
    airports
      .filter(col('city').like('S%'))
      .where("city <> ''")
      .orderBy('city', col('origin').desc())
      .limit(1)
      .offset(1)
      .distinct(),
  )
  rowsAre<Airport>()(airports.union(airports).intersect(airports).except(airports).dropDuplicates(['city']))
  // @ts-expect-error no such column
  flights.filter(col('agee').gt(1))
  // @ts-expect-error a filter is a column or SQL text
  flights.filter(true)
  // @ts-expect-error a number is no condition
  flights.filter(col('delay'))
  // @ts-expect-error a sum is no condition
  flights.where(col('delay').add(1))
  // @ts-expect-error text is no condition
  flights.filter(F.upper('origin'))
  conditional.filter(col('late')).where(F.coalesce('late', false)).filter(lit(null)).filter('late AND n > 1')
  conditional.filter(col('late').not().or(col('n').cast('boolean'))).filter(when(col('n').gt(1), true).otherwise(false))
  // @ts-expect-error no such column
  flights.drop('agee')
  // @ts-expect-error no such column
  flights.withColumnRenamed('agee', 'age')
  // @ts-expect-error no such column
  flights.orderBy('agee')
  // @ts-expect-error a column is not a value
  flights.withColumn('one', 1)
  // @ts-expect-error no such column
  flights.dropDuplicates(['agee'])
  // @ts-expect-error rows of another type
  flights.union(airports)
}

export async function inserts(table: Table): Promise<void> {
  await table.insert(flights)
  await table.upsert(flights.select('id', 'origin'), { key: 'id' })
}

export function aggregates(): void {
  rowsAre<{ origin: string; n: bigint; mean: number | null; worst: number | null }>()(
    flights.groupBy('origin').agg(F.count().as('n'), F.avg('delay').as('mean'), F.max('delay').as('worst')),
  )
  rowsAre<{ total: bigint | null; list: number[] }>()(
    flights.agg(F.sum('id').as('total'), F.collectList('delay').as('list')),
  )
  rowsAre<{ origin: string; count: bigint }>()(flights.groupBy('origin').count())
  rowsAre<{ origin: string; 'max(distance)': number | null }>()(flights.groupBy('origin').max('distance'))
  rowsAre<{ origin: string; 'avg(delay)': number | null; 'count(*)': bigint }>()(
    flights.groupBy('origin').agg(F.avg('delay'), F.count()),
  )
  flights
    .groupBy('origin')
    .agg(F.avg(col('delay').add(1)))
    .filter(col('avg((delay + 1))').gt(1))
  // @ts-expect-error a row has no sum
  flights.filter(F.sum('id').gt(1))
  // @ts-expect-error nor has a new column
  flights.withColumn('total', F.max('id'))
  // @ts-expect-error nor a group
  flights.groupBy(F.count().as('n'))
  // @ts-expect-error nor an order
  flights.orderBy(F.median('delay').desc())
  flights.withColumn('total', F.sum('id').over(Window.partitionBy('origin'))).filter(col('total').gt(1))
  flights.select(F.sum('id'), F.round(F.avg('delay'), 2).as('mean'))
  flights.groupBy('origin').pivot('delay', [1]).agg(F.corr('id', 'delay').as('c'))
  // @ts-expect-error no such column
  flights.groupBy('agee')
  // @ts-expect-error no such column
  flights.groupBy('origin').agg(F.sum('agee').as('n'))
  // @ts-expect-error agg takes columns, not names
  flights.groupBy('origin').agg('delay')
  // @ts-expect-error no such column
  flights.groupBy('origin').sum('agee')
  // @ts-expect-error distance is gone after the aggregation
  flights.groupBy('origin').agg(F.count().as('n')).filter(col('distance').gt(1))
}

export function joins(): void {
  rowsAre<{
    origin: string
    delay: number | null
    distance: number
    id: bigint
    place: Flight['place']
    city: string
  }>()(flights.join(airports, 'origin'))
  rowsAre<{ origin: string; distance: number; city: string | null }>()(
    flights.select('origin', 'distance').join(airports, ['origin'], 'left'),
  )
  rowsAre<Flight>()(flights.join(airports, 'origin', 'anti'))
  rowsAre<{ a: string | null; b: string }>()(
    airports.select(col('origin').as('a')).join(airports.select(col('city').as('b')), col('a').eq(col('b')), 'right'),
  )
  // @ts-expect-error the right side has no such column
  flights.join(airports, 'delay')
  // @ts-expect-error neither side has it
  flights.join(airports, col('agee').eq(1))
  // @ts-expect-error no such way to join
  flights.join(airports, 'origin', 'sideways')
}

export function groups(): void {
  rowsAre<{ origin: string | null; delay: number | null; n: bigint }>()(
    flights.rollup('origin', 'delay').agg(F.count().as('n')),
  )
  rowsAre<{ origin: string | null; count: bigint }>()(flights.cube('origin').count())
  rowsAre<{ origin: string | null; distance: number | null; count: bigint }>()(
    flights.groupingSets([['origin'], ['origin', 'distance']], 'origin', 'distance').count(),
  )
  // @ts-expect-error no such column
  flights.rollup('agee')
  // @ts-expect-error a set of a column that is not grouped by
  flights.groupingSets([['delay']], 'origin')
}

export function pivots(): void {
  rowsAre<{ origin: string; '2023': bigint | null; '2024': bigint | null }>()(
    flights.groupBy('origin').pivot('distance', [2023, 2024]).agg(F.count().as('n')),
  )
  rowsAre<{ origin: string; a_n: bigint | null; b_n: bigint | null; a_m: number | null; b_m: number | null }>()(
    flights.groupBy('origin').pivot(col('place.city'), ['a', 'b']).agg(F.count().as('n'), F.max('delay').as('m')),
  )
  rowsAre<{ origin: string; true: bigint | null; null: bigint | null }>()(
    flights.groupBy('origin').pivot(col('delay').gt(1), [true, null]).count(),
  )
  rowsAre<AnyRow>()(flights.groupBy('origin').pivot('distance').count())
  // @ts-expect-error no such column
  flights.groupBy('origin').pivot('agee', [1])
  // @ts-expect-error no such column
  flights.groupBy('origin').pivot('delay', [1]).sum('agee')
  // @ts-expect-error delay was pivoted away
  flights.groupBy('origin').pivot('delay', [1]).count().select('delay')
}

export function rowsOfColumns(): void {
  rowsAre<{ origin: string; variable: 'delay' | 'distance'; value: number | null }>()(
    flights.unpivot(['origin'], { values: ['delay', 'distance'] }),
  )
  rowsAre<{ origin: string; which: 'city'; what: string }>()(
    airports.melt(['origin'], { variableColumnName: 'which', valueColumnName: 'what' }),
  )
  // @ts-expect-error no such column
  flights.unpivot(['agee'])
  // @ts-expect-error no such column
  flights.unpivot(['origin'], { values: ['agee'] })
  rowsAre<{ origin: string; tags: string }>()(tagged.select('origin', 'tags').explode('tags'))
  rowsAre<{ origin: string; at: number | null; tag: string | null }>()(
    tagged.select('origin', 'tags').explode('tags', { as: 'tag', outer: true, position: 'at' }),
  )
  rowsAre<{ origin: string; key: string; value: number }>()(tagged.select('origin', 'fares').explode('fares'))
  rowsAre<{ origin: string; day: string; fare: number }>()(
    tagged.select('origin', 'fares').explode('fares', { as: ['day', 'fare'] }),
  )
  rowsAre<{ origin: string; city: string; tags: string[] }>()(flights.select('origin', 'place').explode('place'))
  rowsAre<{ origin: string; col: string | null }>()(tagged.select('origin', F.explode('tags')))
  rowsAre<{ tag: string | null }>()(tagged.select(F.explodeOuter('tags').as('tag')))
  rowsAre<{ tag: string | null; span: { start: string; end: string }; count: bigint }>()(
    tagged.groupBy(F.explode('tags').as('tag'), F.sessionWindow('origin', '1 day').as('span')).count(),
  )
  rowsAre<{ origin: string; day: string; fare: number }>()(
    tagged.select('origin', F.explode('fares').as('day', 'fare')),
  )
  rowsAre<{ at: number; tag: string | null }>()(tagged.select(F.posexplode('tags').as('at', 'tag')))
  rowsAre<{ at: number | null; day: string | null; fare: number | null }>()(
    tagged.select(F.posexplodeOuter('fares').alias('at', 'day', 'fare')),
  )
  // @ts-expect-error no such column
  tagged.explode('agee')
  // @ts-expect-error tags are rows now, under another name
  tagged.explode('tags', { as: 'tag' }).select('tags')
}

export function missingValues(): void {
  rowsAre<{ origin: string; delay: number }>()(flights.select('origin', 'delay').fillna(0))
  rowsAre<{ origin: string; delay: number | null }>()(flights.select('origin', 'delay').fillna('?'))
  rowsAre<{ origin: string; delay: number }>()(flights.select('origin', 'delay').fillna({ delay: 1 }))
  rowsAre<{ origin: string; delay: number }>()(flights.select('origin', 'delay').dropna())
  rowsAre<{ origin: string; delay: number | null }>()(flights.select('origin', 'delay').dropna({ subset: ['origin'] }))
  rowsAre<{ origin: string; delay: number | null }>()(flights.select('origin', 'delay').dropna({ how: 'all' }))
  rowsAre<Airport>()(airports.replace('SEA', 'Seattle').na.replace(new Map([['a', 'b']])))
  // @ts-expect-error no such column
  flights.fillna({ agee: 1 })
  // @ts-expect-error no such column
  flights.fillna(1, ['agee'])
  // @ts-expect-error null is no value
  flights.fillna(null)
  // @ts-expect-error no such column
  flights.dropna({ subset: ['agee'] })
  // @ts-expect-error no such column
  flights.describe('agee')
}

export function moreJoins(): void {
  rowsAre<{ origin: string; distance: number; city: string | null }>()(
    flights.select('origin', 'distance').asofJoin(airports, { on: 'origin' }),
  )
  rowsAre<{ origin: string; distance: number; at: number }>()(
    flights
      .select('origin', 'distance')
      .asofJoin(airports.select('origin', lit(1).as('at')), { on: ['distance', 'at'], by: 'origin', how: 'inner' }),
  )
  rowsAre<{ origin: string; city: string; n: number | null }>()(
    airports.unionByName(airports.withColumn('n', lit(1)), { allowMissingColumns: true }),
  )
  rowsAre<{ city: string; delay: number | null }>()(
    flights
      .join(airports, flights.col('origin').eq(airports.col('origin')))
      .select(airports.col('city'), flights.col('delay')),
  )
  rowsAre<{ city: string }>()(airports.drop(airports.col('origin')))
  rowsAre<{ code: string; town: string }>()(airports.withColumnsRenamed({ origin: 'code', city: 'town' }))
  rowsAre<Airport>()(
    airports.sample(0.1, { seed: 1 }).cache().persist().unionAll(airports).exceptAll(airports).intersectAll(airports),
  )
  // @ts-expect-error no such column
  flights.col('agee')
  // @ts-expect-error only one side has it
  flights.asofJoin(airports, { on: 'delay' })
  // @ts-expect-error only one side has it
  flights.asofJoin(airports, { on: 'origin', by: 'city' })
  // @ts-expect-error no such column
  airports.withColumnsRenamed({ agee: 'age' })
}

interface Flight2 {
  origin: string
  tags: string[]
  fares: Map<string, number>
}
declare const tagged: DataFrame<Flight2>

export function unknownRows(): void {
  rowsAre<AnyRow>()(anything)
  rowsAre<{ a: any }>()(anything.select('a'))
  rowsAre<AnyRow>()(anything.filter(col('whatever').gt(1)).drop('x').withColumnRenamed('a', 'b'))
  rowsAre<AnyRow>()(anything.join(flights, 'origin'))
  rowsAre<AnyRow>()(flights.selectExpr('delay / 60 AS hours'))
  rowsAre<{ n: bigint }>()(anything.agg(F.count().as('n')))
  const names: ('origin' | 'id')[] = []
  rowsAre<AnyRow>()(flights.select(...names))
  rowsAre<{ x: any }>()(flights.select(sql('delay + 1').as('x')))
}

/** A function that takes any DataFrame takes one whose rows are known. */
export function assignability(): void {
  const any: DataFrame[] = [flights, airports, flights.select('origin'), flights.groupBy('origin').count()]
  // @ts-expect-error rows without a city are not rows with one
  const city: DataFrame<{ city: string }> = flights
  void [any, city]
}

export function sources(): void {
  rowsAre<Flight>()(read.parquet<Flight>('flights.parquet', { columns: ['origin', 'delay'] }))
  rowsAre<AnyRow>()(read.parquet(['a.parquet', new Uint8Array()]))
  // @ts-expect-error no such column
  read.parquet<Flight>('flights.parquet', { columns: ['agee'] })
  // @ts-expect-error a number is not a file
  read.parquet(1)
  rowsAre<{ best: { origin: string; n: number } | null }>()(
    tagged.groupBy().agg(F.max(F.struct('origin', F.size('tags').as('n'))).as('best')),
  )
  const lists = create({} as never, [[1, 'x']], { id: 'int', name: 'string' })
  rowsAre<{ id: any; n: bigint }>()(lists.groupBy('id').agg(F.count('name').as('n')))
  // @ts-expect-error no such column
  lists.select('agee')
  create({} as never, [], { id: 'int' }).select('id')
  const frame = create({} as never, [{ id: 1, at: new Date(), note: null as string | null }])
  rowsAre<{ id: number; at: string; note: string | null }>()(frame)
}

export async function actions(): Promise<void> {
  const [row] = await flights.select('origin').collect({ signal: AbortSignal.timeout(1) })
  const origin: string | undefined = row?.origin
  // @ts-expect-error rows have only what was selected
  void row?.delay
  const first: RowOf<typeof airports> | undefined = await airports.first()
  const names: ('origin' | 'city')[] = await airports.columns()
  // @ts-expect-error no such way to explain
  await airports.explain({ mode: 'magic' })
  void [origin, first, names]
}

export async function writes(): Promise<void> {
  const result: WriteResult = await flights.write
    .mode('append')
    .partitionBy('origin')
    .parquet('out/', { compression: 'zstd' })
  await flights.write.option('nullstr', '-').csv('out.csv', { delim: ';', signal: AbortSignal.timeout(1) })
  // @ts-expect-error no such column
  flights.write.partitionBy('orign')
  // @ts-expect-error no such mode
  flights.write.mode('replace')
  // @ts-expect-error no such option of any format
  flights.write.option('delimiter', ';')
  // @ts-expect-error an option of another format
  await flights.write.parquet('out.parquet', { delim: ';' })
  // @ts-expect-error no such codec of Avro
  await flights.write.avro('out.avro', { compression: 'zstd' })
  void result
}
