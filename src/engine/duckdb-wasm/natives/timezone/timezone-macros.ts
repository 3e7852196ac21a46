import type { NativeFunctions } from '../native-functions.ts'
import { zoneNames } from './zone.ts'

/** What is said in SQL with the casts and functions of time zones: today by the clock on the wall, and the names of zones. */
export function registerTimezoneMacros(functions: NativeFunctions): void {
  const names = zoneNames()
    .map((name) => `'${name.replaceAll("'", "''")}'`)
    .join(', ')
  const offset = "(timezone(name, now()) - timezone('UTC', now()))"
  functions.macros([
    { name: 'current_date', parameters: [], sql: 'CAST(now() AS DATE)' },
    { name: 'today', parameters: [], sql: 'CAST(now() AS DATE)' },
    { name: 'current_localtimestamp', parameters: [], sql: 'CAST(now() AS TIMESTAMP)' },
    { name: 'current_localtime', parameters: [], sql: 'CAST(CAST(now() AS TIMESTAMP) AS TIME)' },
    { name: 'get_current_time', parameters: [], sql: 'CAST(now() AS TIMETZ)' },
    {
      name: 'pg_timezone_names',
      parameters: [],
      isTable: true,
      sql: `SELECT name, name AS abbrev, ${offset} AS utc_offset, ${offset} <> least(
        timezone(name, TIMESTAMPTZ '2026-01-01 00:00:00+00') - TIMESTAMP '2026-01-01',
        timezone(name, TIMESTAMPTZ '2026-07-01 00:00:00+00') - TIMESTAMP '2026-07-01') AS is_dst
        FROM (SELECT unnest([${names}]) AS name)`,
    },
  ])
}
