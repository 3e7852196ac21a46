import { LakefrontError } from '../../errors.ts'
import { type SqlToken, sqlTokens } from '../../sql/sql-tokens.ts'
import { type Naming, namingAfter, statementsOf } from '../snapshot/search-path.ts'
import { type Changed, changedBy } from './changed-name.ts'

/** What there is in lakes, where names without one may mean it. */
export interface UsedLakes {
  readonly naming: Naming
  /** Whether a lake has a table, view or macro of a name, or a schema where `name` is undefined. */
  has(lake: string, schema: string, name?: string): boolean
}

/** One statement of a text. */
export interface LakeScriptPart {
  readonly sql: string
  /** The lake that it changes. */
  readonly lake?: string
  /** The schema of the lake that is in use: where names are that tell none. */
  readonly schema?: string
}

/** Whether a text may change anything. */
export function mayChange(sql: string): boolean {
  return /\b(?:insert|merge|update|delete|truncate|create|drop|alter|comment|copy|attach|detach)\b/i.test(sql)
}

/**
 * The statements of a text that changes a lake, by its name or since it is in `used`; undefined for one that does not. Behind the name of a lake SQL
 * finds views in memory: what it made beside them would be in no lake.
 *
 * @throws LakefrontError `UNSUPPORTED` for changes that are not done by SQL.
 */
export function lakeScript(
  sql: string,
  lakes: readonly string[],
  used?: UsedLakes,
): readonly LakeScriptPart[] | undefined {
  const lakeOf: LakeOf = (name) => lakes.find((own) => own.toLowerCase() === name?.toLowerCase())
  let naming = used?.naming
  const parts: LakeScriptPart[] = []
  for (const statement of statementsOf(sql)) {
    if (statement.length === 0) continue
    refuseReplaced(statement, lakeOf)
    const changed = changedBy(statement)
    const lake = changed && changedLake(changed, lakeOf, used && naming && { ...used, naming })
    if (lake !== undefined) refuseOthers(statement, changed!, lake.lake)
    parts.push({ sql: sql.slice(statement[0]!.start, statement.at(-1)!.end), ...lake })
    if (naming !== undefined) naming = namingAfter(statement, naming)
  }
  return parts.some(({ lake }) => lake !== undefined) ? parts : undefined
}

type LakeOf = (name: string | undefined) => string | undefined

function changedLake(
  changed: Changed,
  lakeOf: LakeOf,
  used: UsedLakes | undefined,
): { readonly lake: string; readonly schema?: string } | undefined {
  const { name, verb } = changed
  const isWhole = name.length > 1 || verb === 'drop' || verb === 'copy'
  const lake = isWhole ? lakeOf(name[0]?.text) : undefined
  if (lake !== undefined) {
    const entry = used?.naming.path.find(({ database }) => lakeOf(database) === lake)
    return entry === undefined ? { lake } : { lake, schema: entry.schema }
  }
  return used === undefined ? undefined : lakeMeant(changed, lakeOf, used)
}

/** The lake that a name without one is in, or would be made in. */
function lakeMeant(
  { verb, name, isSchema }: Changed,
  lakeOf: LakeOf,
  { naming: { path, databases, temporary }, has }: UsedLakes,
): { readonly lake: string; readonly schema: string } | undefined {
  const parts = name.map(({ text }) => text)
  if (parts.length > 2 || path.length === 0) return undefined
  if (parts.length === 2 && databases.has(parts[0]!.toLowerCase())) return undefined
  const inLake = (lake: string | undefined, schema: string): { lake: string; schema: string } | undefined =>
    lake === undefined ? undefined : { lake, schema }
  if (verb === 'create') return inLake(lakeOf(path[0]!.database), path[0]!.schema)
  if (parts.length === 1 && !isSchema && temporary.has(parts[0]!.toLowerCase())) return undefined
  for (const { database, schema } of path) {
    const lake = lakeOf(database)
    // What another database has of that name comes first; only views can be dropped here, and nobody says so.
    if (lake === undefined && verb !== 'drop') return undefined
    if (lake === undefined) continue
    const isThere = isSchema
      ? has(lake, parts[0]!)
      : parts.length === 2
        ? has(lake, parts[0]!, parts[1]!)
        : has(lake, schema, parts[0]!)
    if (isThere) return { lake, schema }
  }
  return undefined
}

/** Throws `UNSUPPORTED` for changes of a lake that are not done by SQL. */
function refuseOthers(statement: readonly SqlToken[], { verb, name, isSchema }: Changed, lake: string): void {
  const begins = statement[0]!.text.toLowerCase()
  const isRun = begins === verb || begins === 'with'
  const isLakeItself = verb === 'drop' && name.length === 1 && name[0]!.text.toLowerCase() === lake.toLowerCase()
  const instead =
    verb === 'copy'
      ? `COPY fills no table of the lake "${lake}". Say INSERT INTO ${lake}.… FROM 'file.csv'.`
      : verb === 'index'
        ? `Tables of the lake "${lake}" have no indexes. Sort or partition them: ALTER TABLE … SET PARTITIONED BY (…).`
        : isLakeItself && isSchema
          ? `The lake "${lake}" is no schema. To forget it: await db.lake(${JSON.stringify(lake)}).close().`
          : isRun
            ? undefined
            : `${begins.toUpperCase()} does not go with a statement that changes the lake "${lake}". Run that by itself, with collect().`
  if (instead === undefined) return
  throw new LakefrontError('UNSUPPORTED', instead, { details: { position: name[0]!.start } })
}

/** `ATTACH … AS lake` and `DETACH lake` would take the lake's name from it. */
function refuseReplaced(statement: readonly SqlToken[], lakeOf: LakeOf): void {
  const words = statement.map(({ text }) => text.toLowerCase())
  const [verb = ''] = words
  if (verb !== 'attach' && verb !== 'detach') return
  const at =
    verb === 'attach' ? words.indexOf('as') : words.findLastIndex((word) => /^(?:detach|database|exists)$/.test(word))
  const lake = at < 0 ? undefined : lakeOf(statement[at + 1]?.text)
  if (lake === undefined) return
  throw new LakefrontError(
    'UNSUPPORTED',
    `The lake "${lake}" is opened and closed by its session, not by ${verb.toUpperCase()}. Close it: await db.lake(${JSON.stringify(lake)}).close(); open one: await db.openLake(url, { name }).`,
    { details: { position: statement[at + 1]!.start } },
  )
}

/** Whether a transaction of SQL is open behind a text, when one was, or was not, before it. */
export function isInTransaction(sql: string, before: boolean): boolean {
  if (!/\b(?:begin|start|commit|end|rollback|abort)\b/i.test(sql)) return before
  return statementsOf(sql).reduce((isOpen, [first]) => {
    const word = first?.text.toLowerCase() ?? ''
    if (word === 'begin' || word === 'start') return true
    return isOpen && !['commit', 'end', 'rollback', 'abort'].includes(word)
  }, before)
}

/** A text whose parameters `?` have numbers, so that they may stand in another order. */
export function withNumberedParameters(sql: string): string {
  let text = sql
  const marks = sqlTokens(sql).filter((token) => token.kind === 'other' && token.text === '?')
  for (const [at, { start, end }] of [...marks.entries()].toReversed())
    text = `${text.slice(0, start)}$${at + 1}${text.slice(end)}`
  return text
}
