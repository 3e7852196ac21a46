import { missingLibrary } from '../optional-library.ts'
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts'

/** A database in memory, by the official build of SQLite for WebAssembly. */
export async function wasmDatabase(): Promise<SqliteDatabase> {
  const { default: initialize } = await import(/* webpackIgnore: true */ '@sqlite.org/sqlite-wasm').catch(
    missingLibrary('@sqlite.org/sqlite-wasm', 'SQLite without node:sqlite'),
  )
  const sqlite = await initialize()
  // It prints what it throws.
  Object.assign((sqlite as unknown as { config: object }).config, { warn: () => {} })
  const { capi } = sqlite
  const database = new sqlite.oo1.DB(':memory:')
  return {
    version: sqlite.version.libVersion,
    prepare(sql): SqliteStatement {
      const statement = database.prepare(sql)
      let count: number | undefined
      return {
        get columns() {
          return Array.from({ length: statement.columnCount }, (_, index) => {
            const declared = capi.sqlite3_column_decltype(statement, index) as string | null
            return { name: statement.getColumnName(index)!, ...(declared === null ? {} : { declared }) }
          })
        },
        bind: (values) => {
          statement.reset().clearBindings()
          count = undefined
          const bindings = Array.isArray(values)
            ? values
            : Object.fromEntries(Object.entries(values).map(([name, value]) => [`$${name}`, value]))
          if (Object.keys(bindings).length > 0) statement.bind(bindings as SqliteValue[])
          // It takes doubles that are whole for integers, and cuts those beyond 64 bits.
          for (const [key, value] of Object.entries(bindings)) {
            if (typeof value !== 'number' || !Number.isInteger(value)) continue
            const position = Array.isArray(bindings) ? Number(key) + 1 : statement.getParamIndex(key)!
            capi.sqlite3_bind_double(statement, position, value)
          }
        },
        step: () => {
          if (!statement.step()) return undefined
          count ??= statement.columnCount
          return Array.from({ length: count }, (_, index) => {
            if (capi.sqlite3_column_type(statement, index) === capi.SQLITE_INTEGER)
              return BigInt(capi.sqlite3_column_int64(statement, index))
            return statement.get(index) as SqliteValue
          })
        },
        reset: () => void statement.reset(),
        close: () => void statement.finalize(),
      }
    },
    changes: () => Number(database.changes(false, true)),
    close: () => database.close(),
  }
}
