import type { Mutation } from '../plan/mutation.ts'
import { resolve } from '../plan/resolve.ts'
import { rewrite } from '../plan/walk.ts'
import { type Compiled, compile } from './compile.ts'
import type { Dialect } from './dialects/dialect.ts'
import { unsupported } from './dialects/unsupported.ts'
import { Emitter } from './emit.ts'
import { expandColumns } from './rules/expand-columns.ts'
import { selectsOf } from './selects.ts'

/**
 * A mutation as one SQL statement; all columns in it are known. An upsert is
 * `INSERT INTO t (…) SELECT … ON CONFLICT (key) DO UPDATE SET a = excluded.a`, for which the key has to be unique in the table.
 */
export function compileMutation(mutation: Mutation, dialect: Dialect): Compiled {
  const table = mutation.table.name.map((part) => dialect.identifier(part)).join('.')
  switch (mutation.kind) {
    case 'insert': {
      const { statement, sources } = compile(mutation.rows, { schemaOf: () => undefined, dialect })
      const names = mutation.rows.output!.map(({ name }) => dialect.identifier(name))
      const into = `INSERT INTO ${table} (${names.join(', ')})`
      return { statement: { ...statement, sql: `${into}\n${upsert(statement.sql, mutation, dialect)}` }, sources }
    }
    case 'update':
    case 'delete': {
      let relations = 0
      const plan = rewrite(
        resolve(mutation.rows, () => undefined),
        expandColumns,
      )
      const select = selectsOf(plan, () => ++relations)
      if (select.from.kind !== 'relation' || select.from.relation.body.kind !== 'table')
        throw unsupported(dialect.name, `${mutation.kind}() by what looks at other rows`)
      const emitter = new Emitter(dialect, false)
      return {
        statement:
          mutation.kind === 'update' ? emitter.update(table, mutation.columns, select) : emitter.remove(table, select),
        sources: [],
      }
    }
    default:
      return mutation satisfies never
  }
}

function upsert(sql: string, { key, rows }: Extract<Mutation, { kind: 'insert' }>, dialect: Dialect): string {
  if (key === undefined) return sql
  const keys = new Set(key.map((name) => name.toLowerCase()))
  const others = rows.output!.filter(({ name }) => !keys.has(name.toLowerCase()))
  const set = others.map(({ name }) => `${dialect.identifier(name)} = excluded.${dialect.identifier(name)}`)
  const conflict = `ON CONFLICT (${key.map((name) => dialect.identifier(name)).join(', ')})`
  // Without WHERE, SQLite takes ON for the condition of a join.
  return `SELECT * FROM (\n${sql}\n) AS ${dialect.identifier('rows')} WHERE TRUE\n${conflict} DO ${set.length === 0 ? 'NOTHING' : `UPDATE SET ${set.join(', ')}`}`
}
