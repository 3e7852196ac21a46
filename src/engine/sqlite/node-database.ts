import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts'

/** What is used of `node:sqlite`. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => {
    prepare(sql: string): NodeStatement
    close(): void
  }
  readonly StatementSync: { readonly prototype: object }
}

interface NodeStatement {
  setReadBigInts(on: boolean): void
  setReturnArrays(on: boolean): void
  columns(): readonly { readonly name: string; readonly type: string | null }[]
  iterate(...values: readonly unknown[]): Iterator<unknown>
  get(): Record<string, unknown>
}

/** Node's own SQLite, where it has one that tells declared types: Node 22.16 and later. */
export function nodeSqlite(): NodeSqlite | undefined {
  const module = globalThis.process?.getBuiltinModule?.('node:sqlite') as NodeSqlite | undefined
  return module !== undefined && 'columns' in module.StatementSync.prototype ? module : undefined
}

/** A database in a file or in memory, by Node's own SQLite. */
export function nodeDatabase(module: NodeSqlite, path: string): SqliteDatabase {
  const database = new module.DatabaseSync(path)
  const version = database.prepare('SELECT sqlite_version() AS version').get()['version'] as string
  return {
    version,
    prepare(sql): SqliteStatement {
      const statement = database.prepare(sql)
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      let rows: Iterator<unknown> | undefined
      const reset = (): void => {
        rows?.return?.()
        rows = undefined
      }
      return {
        get columns() {
          return statement.columns().map(({ name, type }) => ({ name, ...(type === null ? {} : { declared: type }) }))
        },
        bind: (values) => {
          reset()
          rows = Array.isArray(values)
            ? statement.iterate(...(values as readonly SqliteValue[]))
            : statement.iterate(values)
        },
        step: () => {
          const { done, value } = rows!.next()
          return done === true ? undefined : (value as readonly SqliteValue[])
        },
        reset,
        close: reset,
      }
    },
    changes: () => Number(database.prepare('SELECT changes() AS changes').get()['changes']),
    close: () => database.close(),
  }
}
