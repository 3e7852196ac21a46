import type { Engine, ExecuteOptions, ResultStream, Statement } from '../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import type { CallLake, LakeTableName } from '../lake/lake-calls.ts'
import { table, withSchema } from '../plan/leaf.ts'
import { insert } from '../plan/mutation.ts'
import type { Leaf, Plan, Scan, Table } from '../plan/nodes.ts'
import { resolve } from '../plan/resolve.ts'
import { isLeaf, leavesOf } from '../plan/walk.ts'
import type { Source } from '../scan/source.ts'
import { compile, leafStatement } from '../sql/compile.ts'
import { compileMutation } from '../sql/compile-mutation.ts'
import type { Compiled } from '../sql/compile.ts'
import type { Dialect } from '../sql/dialects/dialect.ts'
import { type DialectName, loadDialect } from '../sql/dialects/load-dialect.ts'
import type { Schema } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { Executor } from './executor.ts'
import { KnownFiles } from './known-files.ts'
import { KeptRows } from './kept-rows.ts'
import { pivotValues } from './pivot-values.ts'
import { changesTables } from './changes-tables.ts'
import { withViewAsItWas } from './replaced-view.ts'
import { saveInLake } from './save-in-lake.ts'
import { saveStatements } from './save-statements.ts'
import { settle } from './settle.ts'

/**
 * Runs plans on an engine. A source is registered once, and forgotten by the engine when no plan holds it any more. The columns
 * of a file are asked for once; those of tables and SQL text again after each statement that may have changed them.
 */
export function engineExecutor(engine: Engine): Executor {
  const registered = new WeakMap<Source, Promise<void>>()
  const schemas = new WeakMap<Plan, { schema: Schema; epoch: number }>()
  const forgotten = new FinalizationRegistry<string>((id) => void engine.unregister(id).catch(() => undefined))
  const files = new KnownFiles(engine.info.name === 'duckdb-wasm')
  const views = new Map<string, Plan>()
  /** Plans whose sources are needed as long as they are written. */
  const writing = new Set<Plan>()
  let epoch = 0

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

  /** Columns of files stay; of a table, or of SQL text that may name one, they are those of now. */
  const remembered = (plan: Plan): Schema | undefined => {
    const entry = schemas.get(plan)
    return entry !== undefined && (entry.epoch === epoch || isFixed(plan)) ? entry.schema : undefined
  }

  const ownDialect = (): Promise<Dialect> => loadDialect(engine.info.dialect)

  const compiled = async (plan: Plan, options: { inline?: boolean; dialect?: DialectName } = {}): Promise<Compiled> => {
    const dialect = await loadDialect(options.dialect ?? engine.info.dialect)
    const { statement, sources } =
      isLeaf(plan) && plan.output === undefined && (plan.kind !== 'Query' || options.inline !== true)
        ? leafStatement(plan, () => undefined, dialect)
        : compile(plan, { schemaOf: () => undefined, dialect, inline: options.inline === true })
    return { statement: { ...statement, ...files.expected(leavesOf(plan)) }, sources }
  }

  const describe = async (plan: Plan, original: Plan, options?: ExecuteOptions): Promise<Schema> => {
    const known = remembered(original)
    if (known !== undefined) return known
    const { statement, sources } = await compiled(plan)
    await Promise.all(sources.map(register))
    const asked = epoch
    const schema = await engine.describe(statement, options)
    schemas.set(original, { schema, epoch: asked })
    if (original.kind === 'Scan') files.learn(original.source, schema)
    return schema
  }

  /** `asks`: what the columns of files are now is asked, as nothing runs that would notice that they changed. */
  const settled = (plan: Plan, { asks = false, ...options }: ExecuteOptions & { asks?: boolean } = {}): Promise<Plan> =>
    settle(plan, {
      schema: (node, original) => describe(node, original, options),
      leaf: async (leaf, original) => {
        const believed = asks || remembered(original) !== undefined ? undefined : files.believed(leaf)
        return believed ?? withSchema(leaf, await describe(leaf, original, options))
      },
      values: (node) => pivotValues(executor, node, options),
      rows: (node) => kept.rows(executor, node, options),
    })

  /** What was believed of the columns of a file, and was so when a statement read it. */
  const confirm = (leaf: Scan): void => {
    const schema = files.columns(leaf.source)
    if (schema !== undefined && !schemas.has(leaf)) schemas.set(leaf, { schema, epoch })
  }

  /** What was remembered may be older than the tables: then once more with what is there now. */
  const withFreshSchemas = async <T>(plan: Plan, work: () => Promise<T>): Promise<T> => {
    const before = epoch
    const dependsOnTables = [...leavesOf(plan)].some(
      (leaf) => leaf !== plan && schemas.get(leaf)?.epoch === before && !isFixed(leaf),
    )
    const believed = [...leavesOf(plan)].filter(
      (leaf) => isUnread(leaf) && files.columns(leaf.source) !== undefined,
    ) as Scan[]
    try {
      const result = await work()
      for (const leaf of believed) confirm(leaf)
      return result
    } catch (error) {
      const isStale = staleCodes.some((code) => isLakefrontError(error, code))
      const mayHelp = believed.length > 0 || (dependsOnTables && before === epoch)
      if (!isStale || !mayHelp) throw error
      for (const { source } of believed) files.forget(source)
      epoch++
      return work()
    }
  }

  const prepare = async (
    plan: Plan,
    options?: ExecuteOptions & { asks?: boolean },
  ): Promise<{ statement: Statement; settled: Plan }> => {
    options?.signal?.throwIfAborted()
    const node = await settled(plan, options)
    const { statement, sources } = await compiled(node)
    await Promise.all(sources.map(register))
    return { statement, settled: node }
  }

  const changing = (plan: Plan): boolean => plan.kind === 'Query' && changesTables(plan.parts)

  const run = async (statement: Statement, options?: ExecuteOptions): Promise<void> => {
    const stream = await engine.execute(statement, options)
    try {
      while ((await stream.next()) !== undefined);
    } finally {
      await stream.close()
      epoch++
    }
  }

  /** A table with its columns; undefined when there is none of that name. */
  const knownTable = async (name: string, options?: ExecuteOptions): Promise<Table | undefined> => {
    const named = table(name)
    try {
      return withSchema(named, await executor.schema(named, options)) as Table
    } catch (error) {
      if (isLakefrontError(error, 'TABLE_NOT_FOUND')) return undefined
      throw error
    }
  }

  /** The table of a lake that a name means. */
  const lakeTable = async (
    name: string,
    options?: ExecuteOptions,
  ): Promise<{ readonly call: CallLake; readonly named: LakeTableName } | undefined> => {
    if (engine.lake === undefined) return undefined
    const signal = options?.signal === undefined ? {} : { signal: options.signal }
    const named = await engine.lake('locate', { name: table(name).name }, signal)
    return named === undefined ? undefined : { call: engine.lake, named }
  }

  const kept = new KeptRows()
  const executor: Executor = {
    source: (unnamed) => files.source(unnamed),

    changed: () => void epoch++,

    known: (plan) => {
      const schema = isLeaf(plan) && plan.kind === 'Scan' ? remembered(plan) : undefined
      return schema === undefined ? plan : withSchema(plan as Leaf, schema)
    },

    async toSQL(plan, name) {
      const dialect = name === undefined ? {} : { dialect: name }
      return (await compiled(await settled(plan, { asks: true }), { inline: true, ...dialect })).statement.sql
    },

    schema(plan, options) {
      return withFreshSchemas(plan, async () => {
        options?.signal?.throwIfAborted()
        if (plan.kind === 'Scan' && plan.source.format === 'batches') return plan.source.schema
        return remembered(plan) ?? describe(await settled(plan, options), plan, options)
      })
    },

    execute(plan, options) {
      return withFreshSchemas(plan, async () => {
        const { statement, settled: node } = await prepare(plan, options)
        const changes = changing(plan)
        if (changes) epoch++
        const stream = await engine.execute(statement, options)
        return holding([plan, node], stream, changes ? () => void epoch++ : undefined)
      })
    },

    write(plan, task, options) {
      return withFreshSchemas(plan, async () => {
        if (engine.write === undefined) {
          throw new LakefrontError('UNSUPPORTED', `The engine ${engine.info.name} writes no files here.`)
        }
        const { statement, settled: node } = await prepare(plan, options)
        writing.add(node)
        try {
          return await engine.write(statement, task, options)
        } finally {
          writing.delete(node)
          if (changing(plan)) epoch++
        }
      })
    },

    prepared(plan, work, options) {
      return withFreshSchemas(plan, async () => {
        const { statement, settled: node } = await prepare(plan, options)
        writing.add(node)
        try {
          return await work(statement)
        } finally {
          writing.delete(node)
        }
      })
    },

    async saveAsTable(plan, { name, mode, partitionBy = [] }, options) {
      const own = await lakeTable(name, options)
      if (own !== undefined) return saveInLake(executor, { plan, ...own, mode, partitionBy }, options)
      if (partitionBy.length > 0) throw noPartitions()
      return withFreshSchemas(plan, async () => {
        options?.signal?.throwIfAborted()
        const node = await settled(plan, options)
        const known = mode === 'error' || mode === 'append' ? await knownTable(name, options) : undefined
        if (known !== undefined) {
          if (mode === 'error') throw tableThere(name)
          const rows = isLeaf(node) ? withSchema(node, await executor.schema(node, options)) : node
          const all = resolve(rows, () => undefined)
          await executor.change(insert(known, all), options)
          return
        }
        const { statement, sources } = await compiled(node, { inline: true })
        await Promise.all(sources.map(register))
        writing.add(node)
        try {
          for (const sql of saveStatements(statement.sql, { name, mode }, await ownDialect()))
            await run({ ...statement, sql }, options)
        } finally {
          writing.delete(node)
        }
      })
    },

    async explain(plan, mode, options) {
      if (mode === 'logical') return (await import('../plan/explain.ts')).explainPlan(plan)
      if (mode === 'sql') return executor.toSQL(plan)
      const { statement } = await prepare(plan, { ...options, asks: true })
      const prefix = { physical: 'EXPLAIN', analyze: 'EXPLAIN ANALYZE', engine: 'EXPLAIN (FORMAT json)' }[mode]
      const stream = await engine.execute({ ...statement, sql: `${prefix} ${statement.sql}` }, options)
      try {
        const lines: string[] = []
        for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
          for (const row of rowsFromBatch(batch)) lines.push(String(row['explain_value'] ?? Object.values(row).at(-1)))
        }
        if (mode === 'analyze') lines.push((await import('./metrics-text.ts')).metricsText(await stream.metrics()))
        return lines.join('\n')
      } finally {
        await stream.close()
      }
    },

    async settled(plan, options) {
      return resolve(await settled(plan, { ...options, asks: true }), () => undefined)
    },

    async change(mutation, options) {
      const { statement, sources } = compileMutation(mutation, await ownDialect())
      await Promise.all(sources.map(register))
      const stream = await engine.execute(statement, options)
      try {
        const batch = await stream.next()
        const [count] = batch === undefined ? [] : Object.values(rowsFromBatch(batch)[0] ?? {})
        return Number(count ?? 0)
      } finally {
        await stream.close()
        epoch++
      }
    },

    async createView(name, plan, { replace, ...options }) {
      const before = replace ? views.get(name.toLowerCase()) : undefined
      const whole = before === undefined ? plan : withViewAsItWas(plan, name, before)
      const node = await settled(whole, { ...options, asks: true })
      const { statement, sources } = await compiled(node, { inline: true })
      await Promise.all(sources.map(register))
      const create = `CREATE ${replace ? 'OR REPLACE ' : ''}TEMP VIEW ${(await ownDialect()).identifier(name)} AS`
      await run({ sql: `${create}\n${statement.sql}` }, options)
      views.set(name.toLowerCase(), node)
    },

    async dropView(name) {
      const key = name.toLowerCase()
      if (!views.has(key)) return false
      await run({ sql: `DROP VIEW IF EXISTS temp.${(await ownDialect()).identifier(name)}` })
      views.delete(key)
      return true
    },

    async release(plan) {
      if (plan.kind !== 'Cache')
        throw new LakefrontError('INVALID_ARGUMENT', 'unpersist() is called on the DataFrame that cache() gave.')
      kept.release(plan)
    },
  }
  return executor
}

const staleCodes = [
  'SOURCE_CHANGED',
  'COLUMN_NOT_FOUND',
  'COLUMN_AMBIGUOUS',
  'TABLE_NOT_FOUND',
  'TYPE_MISMATCH',
] as const

function tableThere(name: string): LakefrontError {
  return new LakefrontError(
    'PRECONDITION_FAILED',
    `There is a table "${name}" already. Say what to do with it: mode("append"), mode("overwrite") or mode("ignore").`,
    { details: { table: name } },
  )
}

/** Whether `leaf` is a file whose columns this plan does not say. */
function isUnread(leaf: Leaf): leaf is Scan {
  return leaf.kind === 'Scan' && leaf.output === undefined
}

/** Whether the columns of a plan stay what they are: those of files, and of tables of lakes as they were. */
function isFixed(plan: Plan): boolean {
  if (plan.kind !== 'Scan') return false
  const { source } = plan
  return source.format !== 'lake' || source.version !== undefined || source.timestamp !== undefined
}

/** Keeps `plans`, and with them the sources they read, until the stream is done. */
function holding(plans: readonly Plan[], stream: ResultStream, ended: (() => void) | undefined): ResultStream {
  let held: readonly Plan[] | undefined = plans
  const close = async (): Promise<void> => {
    held = undefined
    await stream.close()
    ended?.()
  }
  return {
    schema: stream.schema,
    next: () => (held === undefined ? Promise.resolve(undefined) : stream.next()),
    metrics: () => stream.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function noPartitions(): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    'A table of the engine has no partitions. Leave out partitionBy(), name a table of a lake, or write files.',
  )
}
