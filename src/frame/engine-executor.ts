import type { Engine, ExecuteOptions, ResultStream, Statement } from '../engine/engine.ts'
import type { Leaf, Plan } from '../plan/nodes.ts'
import { explainPlan } from '../plan/explain.ts'
import { leavesOf } from '../plan/walk.ts'
import type { Source } from '../scan/source.ts'
import { compile, leafStatement } from '../sql/compile.ts'
import type { Dialect } from '../sql/dialects/dialect.ts'
import { type DialectName, loadDialect } from '../sql/dialects/load-dialect.ts'
import type { Schema } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { Executor } from './executor.ts'
import { metricsText } from './metrics-text.ts'

/**
 * Runs plans on an engine. A source is registered once, and forgotten by the engine when no plan holds it any more; the
 * columns of a leaf are asked for once.
 */
export function engineExecutor(engine: Engine): Executor {
  const registered = new WeakMap<Source, Promise<void>>()
  const schemas = new WeakMap<Plan, Schema>()
  const forgotten = new FinalizationRegistry<string>((id) => void engine.unregister(id).catch(() => undefined))

  const ownDialect = (): Promise<Dialect> => loadDialect(engine.info.dialect)

  const register = (source: Source): Promise<void> => {
    let done = registered.get(source)
    if (done === undefined) {
      done = engine.register(source)
      registered.set(source, done)
      forgotten.register(source, source.id)
      done.catch(() => registered.delete(source))
    }
    return done
  }

  const schemaOf = (leaf: Leaf): Schema | undefined => schemas.get(leaf)

  const describe = async (
    plan: Plan,
    { statement, sources }: ReturnType<typeof compile>,
    options?: ExecuteOptions,
  ): Promise<Schema> => {
    await Promise.all(sources.map(register))
    const schema = await engine.describe(statement, options)
    schemas.set(plan, schema)
    return schema
  }

  /** Leaves inside SQL text come before the text, which cannot be described without them. */
  const readSchemas = async (plan: Plan, options?: ExecuteOptions): Promise<void> => {
    const dialect = await ownDialect()
    for (const leaf of leavesOf(plan)) {
      if (leaf.output !== undefined || leaf === plan || schemas.has(leaf)) continue
      await describe(leaf, leafStatement(leaf, schemaOf, dialect), options)
    }
  }

  const prepare = async (plan: Plan, options?: ExecuteOptions): Promise<Statement> => {
    options?.signal?.throwIfAborted()
    await readSchemas(plan, options)
    const dialect = await ownDialect()
    const { statement, sources } = isUnread(plan)
      ? leafStatement(plan, schemaOf, dialect)
      : compile(plan, { schemaOf, dialect })
    await Promise.all(sources.map(register))
    return statement
  }

  const toSQL = async (plan: Plan, name: DialectName = engine.info.dialect): Promise<string> => {
    const dialect = await loadDialect(name)
    await readSchemas(plan)
    return (
      isUnread(plan) ? leafStatement(plan, schemaOf, dialect) : compile(plan, { schemaOf, dialect, inline: true })
    ).statement.sql
  }

  return {
    toSQL,

    async schema(plan, options) {
      options?.signal?.throwIfAborted()
      if (plan.kind === 'Scan' && plan.source.format === 'batches') return plan.source.schema
      const known = schemas.get(plan)
      if (known !== undefined) return known
      await readSchemas(plan, options)
      const dialect = await ownDialect()
      const compiled = isUnread(plan) ? leafStatement(plan, schemaOf, dialect) : compile(plan, { schemaOf, dialect })
      return describe(plan, compiled, options)
    },

    async execute(plan, options) {
      return holding(plan, await engine.execute(await prepare(plan, options), options))
    },

    async explain(plan, mode, options) {
      if (mode === 'logical') return explainPlan(plan)
      if (mode === 'sql') return toSQL(plan)
      const statement = await prepare(plan, options)
      const prefix = { physical: 'EXPLAIN', analyze: 'EXPLAIN ANALYZE', engine: 'EXPLAIN (FORMAT json)' }[mode]
      const stream = await engine.execute({ ...statement, sql: `${prefix} ${statement.sql}` }, options)
      try {
        const lines: string[] = []
        for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
          for (const row of rowsFromBatch(batch)) lines.push(String(row['explain_value'] ?? Object.values(row).at(-1)))
        }
        return mode === 'analyze' ? `${lines.join('\n')}\n${metricsText(await stream.metrics())}` : lines.join('\n')
      } finally {
        await stream.close()
      }
    },
  }
}

/** A file or table all of which is asked for: its columns need not be known. */
function isUnread(plan: Plan): plan is Leaf {
  return (plan.kind === 'Scan' || plan.kind === 'Table') && plan.output === undefined
}

/** Keeps `plan`, and with it the sources it reads, until the stream is done. */
function holding(plan: Plan, stream: ResultStream): ResultStream {
  let held: Plan | undefined = plan
  const close = async (): Promise<void> => {
    held = undefined
    await stream.close()
  }
  return {
    schema: stream.schema,
    next: () => (held === undefined ? Promise.resolve(undefined) : stream.next()),
    metrics: () => stream.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  }
}
