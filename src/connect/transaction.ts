import type { Engine } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'

/** Whether a transaction has the only connection of a session. */
export class TransactionGate {
  isHeld = false
}

/** `engine`, but while a transaction holds its only connection, statements from outside are refused. */
export function gatedEngine(engine: Engine, gate: TransactionGate): Engine {
  const check = (): void => {
    if (!gate.isHeld) return
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'A transaction has the only connection of this session. Within it, use what transaction() hands over: tx.table(), tx.sql(), tx.createDataFrame().',
    )
  }
  return {
    get info() {
      return engine.info
    },
    async register(source) {
      return engine.register(source)
    },
    unregister: (id) => engine.unregister(id),
    async describe(statement, options) {
      check()
      return engine.describe(statement, options)
    },
    async execute(statement, options) {
      check()
      return engine.execute(statement, options)
    },
    ...(engine.write === undefined
      ? {}
      : {
          async write(statement, task, options) {
            check()
            return engine.write!(statement, task, options)
          },
        }),
    ...(engine.lake === undefined ? {} : { lake: engine.lake }),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

/** A transaction that has begun: an engine for what is in it, and how it ends. */
interface Transaction {
  readonly engine: Engine
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>
}

/** Begins a transaction, on a connection of its own where the engine has several, else on the one there is. */
export async function transactionEngine(engine: Engine, gate: TransactionGate): Promise<Transaction> {
  if (gate.isHeld) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'A transaction has the only connection of this session. Begin the next one when it has ended.',
    )
  }
  const own = await engine.connection?.()
  const used = own ?? engine
  if (own === undefined) gate.isHeld = true
  let isOver = false
  const close = async (): Promise<void> => {
    isOver = true
    if (own === undefined) gate.isHeld = false
    await own?.close()
  }
  const say = async (sql: string): Promise<void> => {
    const stream = await used.execute({ sql })
    while ((await stream.next()) !== undefined);
    await stream.close()
  }
  try {
    await say('BEGIN')
  } catch (error) {
    await close()
    throw error
  }
  const check = (): void => {
    if (isOver) throw new LakefrontError('CLOSED', 'The transaction is over.')
  }
  return {
    engine: {
      get info() {
        return used.info
      },
      register: async (source) => used.register(source),
      unregister: (id) => used.unregister(id),
      async describe(statement, options) {
        check()
        return used.describe(statement, options)
      },
      async execute(statement, options) {
        check()
        return used.execute(statement, options)
      },
      ...(used.write === undefined
        ? {}
        : {
            async write(statement, task, options) {
              check()
              return used.write!(statement, task, options)
            },
          }),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
    async end(how) {
      try {
        await say(how)
      } catch (error) {
        if (how === 'COMMIT') await say('ROLLBACK').catch(() => {})
        throw error
      } finally {
        await close()
      }
    },
  }
}
