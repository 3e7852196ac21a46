import { describeExpression } from '../expr/describe.ts'
import type { FileReference, Source } from '../scan/source.ts'
import { inputsOf } from './inputs.ts'
import type { Plan } from './nodes.ts'

/** `plan` as an indented tree, the last step first: what was asked for, before any rewriting. */
export function explainPlan(plan: Plan): string {
  const lines: string[] = []
  const visit = (node: Plan, prefix: string, branch: string, below: string): void => {
    lines.push(prefix + branch + describePlan(node))
    const inputs = inputsOf(node)
    inputs.forEach((input, index) => {
      const last = index === inputs.length - 1
      visit(input, prefix + below, last ? '└─ ' : '├─ ', last ? '   ' : '│  ')
    })
  }
  visit(plan, '', '', '')
  return lines.join('\n')
}

function describePlan(plan: Plan): string {
  switch (plan.kind) {
    case 'Scan':
      return `Scan ${describeSource(plan.source)}`
    case 'Table':
      return `Table ${plan.name.join('.')}`
    case 'Query':
      return `Query ${plan.parts.join('…').replace(/\s+/g, ' ').trim().slice(0, 200)}`
    case 'Project':
      return `Project ${plan.columns.map(describeExpression).join(', ')}`
    case 'WithColumns':
      return `WithColumns ${plan.columns.map(({ name, expression }) => `${name} = ${describeExpression(expression)}`).join(', ')}`
    case 'Rename':
      return `Rename ${plan.names.map(({ from, to }) => `${from} → ${to}`).join(', ')}`
    case 'Drop':
      return `Drop ${plan.names.join(', ')}`
    case 'Filter':
      return `Filter ${describeExpression(plan.predicate)}`
    case 'Aggregate': {
      const measures = plan.measures.map(describeExpression).join(', ')
      return `Aggregate ${measures}${plan.keys.length === 0 ? '' : ` by ${plan.keys.map(describeExpression).join(', ')}`}`
    }
    case 'Join':
      if (plan.using !== undefined) return `Join ${plan.how} using ${plan.using.join(', ')}`
      return `Join ${plan.how}${plan.condition === undefined ? '' : ` on ${describeExpression(plan.condition)}`}`
    case 'Sort':
      return `Sort ${plan.keys.map(describeExpression).join(', ')}`
    case 'Limit':
      return `Limit ${plan.count ?? 'all'}${plan.offset === 0 ? '' : ` from row ${plan.offset}`}`
    case 'Distinct':
      return plan.on === undefined ? 'Distinct' : `Distinct on ${plan.on.join(', ')}`
    case 'SetOperation': {
      const name = plan.operation[0]!.toUpperCase() + plan.operation.slice(1)
      return `${name}${plan.all ? ' all' : ''}${plan.byName === undefined ? '' : ' by name'}`
    }
    case 'Alias':
      return `Alias ${plan.name}`
    default:
      return plan satisfies never
  }
}

function describeSource(source: Source): string {
  if (source.format === 'batches')
    return `${source.batches.reduce((rows, batch) => rows + batch.length, 0)} rows in memory`
  const files = source.files.map(describeFile)
  return `${source.format} ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`
}

/** What to call a file in a plan: no query string, no credentials. */
function describeFile(file: FileReference): string {
  if (file instanceof Uint8Array) return `<${file.byteLength} bytes>`
  if (typeof file === 'string') return file.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)[^/@]*@/, '$1')
  return 'name' in file && typeof file.name === 'string' ? file.name : `<blob of ${file.size} bytes>`
}
