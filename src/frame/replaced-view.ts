import { sqlTokens, unquoted } from '../expr/sql-text.ts'
import { query } from '../plan/leaf.ts'
import type { Plan, Query } from '../plan/nodes.ts'
import { sameName } from '../plan/scope.ts'
import { rewrite } from '../plan/walk.ts'

/** `plan`, in which the view `name` is what it was before, so that a view of `plan` can take its name: a view cannot read itself. */
export function withViewAsItWas(plan: Plan, name: string, before: Plan): Plan {
  return rewrite(plan, (node) => {
    if (node.kind === 'Table') return node.name.length === 1 && sameName(node.name[0], name) ? before : node
    return node.kind === 'Query' && isNamed(node, name) ? withView(node, name, before) : node
  })
}

function isNamed({ parts }: Query, name: string): boolean {
  return sqlTokens(parts.join(' ')).some(({ kind, text }) => {
    if (kind === 'word') return sameName(text, name)
    return kind === 'quoted' && sameName(unquoted(text), name)
  })
}

function withView({ parts, slots }: Query, name: string, before: Plan): Query {
  const inner = [...parts]
  inner[0] = ` SELECT * FROM (\n${inner[0]}`
  inner[inner.length - 1] += '\n)'
  return query([`WITH "${name.replaceAll('"', '""')}" AS `, ...inner], [{ plan: before }, ...slots])
}
