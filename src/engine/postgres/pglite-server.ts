import type { messages } from '@electric-sql/pglite'
import { missingLibrary } from '../optional-library.ts'
import {
  type PostgresConnection,
  type PostgresCursor,
  type PostgresField,
  type PostgresQuery,
  type PostgresRow,
  type PostgresServer,
  pinnedSettings,
} from './postgres-server.ts'

/**
 * PostgreSQL compiled to WebAssembly, in this thread, with one connection: `''` is a database in memory, else a folder or
 * `idb://name`.
 */
export async function pgliteServer(place: string): Promise<PostgresServer> {
  const { PGlite, protocol } = await import(/* webpackIgnore: true */ '@electric-sql/pglite').catch(
    missingLibrary('@electric-sql/pglite', 'PostgreSQL in this thread'),
  )
  const database = await (place === '' ? PGlite.create() : PGlite.create(place))
  await database.exec(pinnedSettings)
  const { serialize } = protocol as unknown as Protocol

  const send = async (parts: readonly Uint8Array[]): Promise<readonly messages.BackendMessage[]> => {
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    // It mixes up the answers of calls that come while another runs.
    const { messages: answer } = await database.runExclusive(() =>
      database.execProtocol(bytes, { throwOnError: false }),
    )
    const failed = answer.find(({ name }) => name === 'error')
    if (failed !== undefined) throw failed
    return answer
  }
  const parse = ({ sql, types }: PostgresQuery): Uint8Array => serialize.parse({ text: sql, types: [...types] })

  const connection: PostgresConnection = {
    session: database,
    async describe(query) {
      return fieldsOf(await send([parse(query), serialize.describe({ type: 'S' }), serialize.sync()]))
    },
    async open(query) {
      const answer = await send([
        parse(query),
        serialize.bind({ values: [...query.values] }),
        serialize.describe({ type: 'P' }),
        serialize.execute({}),
        serialize.sync(),
      ])
      return heldCursor(answer)
    },
    cancel: async () => {},
    release: () => {},
  }
  return { isOne: true, connections: 1, acquire: async () => connection, close: () => database.close() }
}

interface Protocol {
  readonly serialize: {
    parse(query: { text: string; types: number[] }): Uint8Array
    bind(config: { values: (string | null)[] }): Uint8Array
    describe(target: { type: 'S' | 'P' }): Uint8Array
    execute(config: { rows?: number }): Uint8Array
    sync(): Uint8Array
  }
}

function fieldsOf(answer: readonly messages.BackendMessage[]): readonly PostgresField[] {
  const described = answer.find(({ name }) => name === 'rowDescription') as messages.RowDescriptionMessage | undefined
  return (described?.fields ?? []).map(({ name, dataTypeID, dataTypeModifier }) => ({
    name,
    type: dataTypeID,
    modifier: dataTypeModifier,
  }))
}

/** The whole answer is there: rows are only handed out in pieces. */
function heldCursor(answer: readonly messages.BackendMessage[]): PostgresCursor {
  const rows = answer.flatMap((message): PostgresRow[] =>
    message.name === 'dataRow' ? [(message as messages.DataRowMessage).fields] : [],
  )
  const complete = answer.find(({ name }) => name === 'commandComplete') as messages.CommandCompleteMessage | undefined
  let at = 0
  return {
    fields: fieldsOf(answer),
    async next(size) {
      const chunk = rows.slice(at, (at += size))
      return at < rows.length ? { rows: chunk } : { rows: chunk, command: complete?.text ?? '' }
    },
    close: async () => {},
  }
}
