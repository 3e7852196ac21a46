import { type SqlToken, sqlTokens } from '../../sql/sql-tokens.ts'

/** A schema in which unqualified names are looked for. */
export interface PathEntry {
  readonly database: string
  readonly schema: string
}

/** What names without a database mean: where they are looked for, in order, and what there is besides lakes. */
export interface Naming {
  readonly path: readonly PathEntry[]
  /** All databases, in lower case. */
  readonly databases: ReadonlySet<string>
  /** Temporary tables and views, in lower case; they come before all others. */
  readonly temporary: ReadonlySet<string>
}

/** Asks a connection for its {@link Naming}: `path databases temporary`. */
export const namingSql = `SELECT CASE WHEN current_setting('search_path') = '' THEN '"' || replace(current_database(), '"', '""') || '"."' || current_schema() || '"' ELSE current_setting('search_path') END AS path,
  (SELECT list(lower(database_name)) FROM duckdb_databases()) AS databases,
  (SELECT list(lower(name)) FROM (SELECT table_name AS name FROM duckdb_tables() WHERE temporary UNION ALL SELECT view_name FROM duckdb_views() WHERE temporary)) AS temporary`

/** What {@link namingSql} answered. */
export function namingOf(row: Readonly<Record<string, unknown>>): Naming {
  const names = (value: unknown): ReadonlySet<string> => new Set((value ?? []) as string[])
  const naming = { path: [], databases: names(row['databases']), temporary: names(row['temporary']) }
  return { ...naming, path: entriesOf(String(row['path']), naming) }
}

/** Whether a text may change where names are looked for. */
export function setsPath(sql: string): boolean {
  return /\buse\b|\bschema\b|\bsearch_path\b/i.test(sql)
}

/** The statements of a text. */
export function statementsOf(sql: string): readonly (readonly SqlToken[])[] {
  const statements: SqlToken[][] = [[]]
  for (const token of sqlTokens(sql)) {
    if (token.kind === 'other' && token.text === ';') statements.push([])
    else statements.at(-1)!.push(token)
  }
  return statements
}

/** What names mean behind a statement: `USE name`, `SET schema = 'name'`, `SET search_path = 'name,name'`. */
export function namingAfter(statement: readonly SqlToken[], naming: Naming): Naming {
  const [first = '', ...words] = statement.map(({ text }) => text.toLowerCase())
  const rest = statement.slice(1)
  if (first === 'use') return { ...naming, path: entriesOf(nameOf(rest), naming) }
  if (first !== 'set') return naming
  const at = words.findIndex((word) => word === 'schema' || word === 'search_path')
  const value = rest[at + 2]
  if (at < 0 || at > 1 || value === undefined) return naming
  const text = value.text.startsWith("'") ? value.text.slice(1, -1).replaceAll("''", "'") : nameOf(rest.slice(at + 2))
  return { ...naming, path: entriesOf(text, naming) }
}

function nameOf(tokens: readonly SqlToken[]): string {
  return tokens.map(({ kind, text }) => (kind === 'quoted' ? `"${text.replaceAll('"', '""')}"` : text)).join('')
}

/** `lake.s,other` as schemas; a name alone is a database, or a schema of the one that comes first now. */
function entriesOf(text: string, { path, databases }: Naming): readonly PathEntry[] {
  const entries: string[][] = [[]]
  for (const { kind, text: part } of sqlTokens(text)) {
    if (part === ',' && kind === 'other') entries.push([])
    else if (part !== '.' || kind !== 'other') entries.at(-1)!.push(part)
  }
  return entries.flatMap(([first, second]) => {
    if (first === undefined) return []
    if (second !== undefined) return [{ database: first, schema: second }]
    if (databases.has(first.toLowerCase())) return [{ database: first, schema: 'main' }]
    return [{ database: path[0]?.database ?? 'memory', schema: first }]
  })
}
