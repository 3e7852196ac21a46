import { LakefrontError } from '../../errors.ts'

const byName = ['created_table', 'created_view', 'created_scalar_macro', 'created_table_macro'] as const

/** What changes are called, in the order in which DuckLake writes them. */
const order = [
  'dropped_schema',
  'dropped_table',
  'dropped_view',
  'created_schema',
  'created_table',
  'created_view',
  'created_scalar_macro',
  'created_table_macro',
  'dropped_scalar_macro',
  'dropped_table_macro',
  'inserted_into_table',
  'deleted_from_table',
  'altered_table',
  'altered_view',
  'inlined_insert',
  'inlined_delete',
  'inline_flush',
  'merge_adjacent',
  'rewrite_delete',
  'compacted_table',
] as const

type IdentifiedKind = Exclude<(typeof order)[number], 'created_schema' | (typeof byName)[number]>

const byId = order.filter(
  (kind): kind is IdentifiedKind => kind !== 'created_schema' && !byName.some((named) => named === kind),
)

/** What a snapshot did, as it is kept in `ducklake_snapshot_changes.changes_made`. Ids are those of the lake. */
export type MadeChange =
  | { readonly kind: 'created_schema'; readonly name: string }
  | { readonly kind: (typeof byName)[number]; readonly schema: string; readonly name: string }
  | { readonly kind: IdentifiedKind; readonly id: number }

/** `created_table:"main"."t",inserted_into_table:1`; null for none. Each is written once. */
export function printChangesMade(changes: readonly MadeChange[]): string | null {
  const sorted = order.flatMap((kind) => changes.filter((change) => change.kind === kind))
  return sorted.length === 0 ? null : [...new Set(sorted.map(printed))].join(',')
}

/**
 * The inverse of {@link printChangesMade}, for what any writer of the format left there: types in any case, older spellings too.
 *
 * @throws LakefrontError `UNSUPPORTED` for a type that is not of the format: what it conflicts with cannot be known.
 */
export function parseChangesMade(text: string | null): readonly MadeChange[] {
  if (text === null || text.trim() === '') return []
  const changes: MadeChange[] = []
  const entry = /\s*([A-Za-z_]+)\s*:\s*("(?:[^"]|"")*"(?:\s*\.\s*"(?:[^"]|"")*")?|-?\d+)\s*(,|$)/y
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text)
    if (match === null) throw unknownChange(text)
    changes.push(parsed(match[1]!.toLowerCase(), match[2]!, text))
  }
  return changes
}

function parsed(kind: string, value: string, text: string): MadeChange {
  const names = [...value.matchAll(/"((?:[^"]|"")*)"/g)].map(([, name]) => name!.replaceAll('""', '"'))
  if (kind === 'created_schema' && names.length === 1) return { kind, name: names[0]! }
  const named = byName.find((known) => known === kind)
  if (named !== undefined && names.length === 2) return { kind: named, schema: names[0]!, name: names[1]! }
  const numbered = kind === 'flushed_inlined' ? 'inline_flush' : byId.find((known) => known === kind)
  if (numbered !== undefined && names.length === 0) return { kind: numbered, id: Number(value) }
  throw unknownChange(text)
}

function printed(change: MadeChange): string {
  if ('id' in change) return `${change.kind}:${change.id}`
  return `${change.kind}:${'schema' in change ? `${quoted(change.schema)}.` : ''}${quoted(change.name)}`
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function unknownChange(text: string): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `A commit of another program left a description that is not of DuckLake 1.0: ${JSON.stringify(text.slice(0, 200))}. What it conflicts with cannot be told, so nothing was committed. Known: ${order.join(', ')}.`,
  )
}
