import type { Connection } from '../boot.ts'
import { registerJson } from './json/register-json.ts'
import type { NativeFunctions } from './native-functions.ts'
import { SessionZone } from './timezone/session-zone.ts'
import { instantText } from './timezone/timezone-casts.ts'
import { TimezoneFunctions } from './timezone/timezone-functions.ts'
import { VectorAccess } from './vector-access.ts'

/** Defines what DuckDB's json and icu extensions bring, which cannot be fetched here. Answers the zone that sessions set. */
export function registerNatives(functions: NativeFunctions, connection: Connection): SessionZone {
  const session = new SessionZone(functions, connection)
  new TimezoneFunctions(functions, session, new VectorAccess(functions.duckdb)).register()
  registerJson(functions, (microseconds) => {
    const seconds = microseconds / 1_000_000n - (microseconds % 1_000_000n < 0n ? 1n : 0n)
    return instantText(session, Number(seconds), Number(microseconds - seconds * 1_000_000n))
  })
  return session
}
