import type { DataFrame, Session } from 'lakefront'
import allRows from './examples/all-rows.ts'
import allRowsSql from './examples/all-rows.sql?raw'
import allRowsText from './examples/all-rows.ts?raw'
import countRows from './examples/count-rows.ts'
import countRowsSql from './examples/count-rows.sql?raw'
import countRowsText from './examples/count-rows.ts?raw'
import delayByHour from './examples/delay-by-hour.ts'
import delayByHourSql from './examples/delay-by-hour.sql?raw'
import delayByHourText from './examples/delay-by-hour.ts?raw'
import distribution from './examples/distribution.ts'
import distributionSql from './examples/distribution.sql?raw'
import distributionText from './examples/distribution.ts?raw'
import exactValues from './examples/exact-values.ts'
import exactValuesSql from './examples/exact-values.sql?raw'
import exactValuesText from './examples/exact-values.ts?raw'
import joinAirports from './examples/join-airports.ts'
import joinAirportsSql from './examples/join-airports.sql?raw'
import joinAirportsText from './examples/join-airports.ts?raw'
import lateAirports from './examples/late-airports.ts'
import lateAirportsSql from './examples/late-airports.sql?raw'
import lateAirportsText from './examples/late-airports.ts?raw'
import worstDelays from './examples/worst-delays.ts'
import worstDelaysSql from './examples/worst-delays.sql?raw'
import worstDelaysText from './examples/worst-delays.ts?raw'
import worstPerAirport from './examples/worst-per-airport.ts'
import worstPerAirportSql from './examples/worst-per-airport.sql?raw'
import worstPerAirportText from './examples/worst-per-airport.ts?raw'

/** A DataFrame of whatever rows, as far as the page needs it. */
export type Query = Pick<DataFrame, 'batches' | 'toSQL'>

/** One question asked twice: as SQL text, and as the TypeScript module of the same name, shown and run. */
export interface Example {
  readonly id: string
  readonly title: string
  readonly note: string
  readonly sql: string
  readonly typescript: string
  readonly run: (db: Session) => Query
}

/** The first one runs when the page is opened for the first time. */
export const examples: readonly [Example, ...Example[]] = [
  {
    id: 'late-airports',
    title: 'Where flights run late',
    note: 'group, aggregate, order',
    sql: lateAirportsSql.trimEnd(),
    typescript: lateAirportsText,
    run: lateAirports,
  },
  {
    id: 'delay-by-hour',
    title: 'Delays through the day',
    note: 'date parts, a bar of text',
    sql: delayByHourSql.trimEnd(),
    typescript: delayByHourText,
    run: delayByHour,
  },
  {
    id: 'worst-delays',
    title: 'More than 15 hours late',
    note: 'filter and order',
    sql: worstDelaysSql.trimEnd(),
    typescript: worstDelaysText,
    run: worstDelays,
  },
  {
    id: 'worst-per-airport',
    title: 'The worst three per airport',
    note: 'window functions',
    sql: worstPerAirportSql.trimEnd(),
    typescript: worstPerAirportText,
    run: worstPerAirport,
  },
  {
    id: 'join-airports',
    title: 'With city names',
    note: 'join a small inline table',
    sql: joinAirportsSql.trimEnd(),
    typescript: joinAirportsText,
    run: joinAirports,
  },
  {
    id: 'distribution',
    title: 'The distribution of delays',
    note: 'a histogram of text',
    sql: distributionSql.trimEnd(),
    typescript: distributionText,
    run: distribution,
  },
  {
    id: 'count-rows',
    title: 'How many flights?',
    note: 'answered without fetching data',
    sql: countRowsSql.trimEnd(),
    typescript: countRowsText,
    run: countRows,
  },
  {
    id: 'exact-values',
    title: 'Exact values',
    note: 'every type, lossless',
    sql: exactValuesSql.trimEnd(),
    typescript: exactValuesText,
    run: exactValues,
  },
  {
    id: 'all-rows',
    title: 'A million rows',
    note: 'streamed into the grid',
    sql: allRowsSql.trimEnd(),
    typescript: allRowsText,
    run: allRows,
  },
]

/** The example of that id. */
export function exampleOf(id: string | undefined): Example | undefined {
  return examples.find((example) => example.id === id)
}

/** The module as a program that runs on its own: it opens a session and prints the rows. */
export function asProgram(example: Example): string {
  const query = example.typescript.replace('export default (db: Session)', 'const query = (db: Session)')
  return `import { connect } from 'lakefront'\n${query}\nconst db = await connect()\nawait query(db).show()\nawait db.close()\n`
}
