import { describeExpression } from '../expr/describe.ts'
import type { FileReference, Source } from '../scan/source.ts'
import { inputsOf } from './inputs.ts'
import type { Plan } from './nodes.ts'

/** `plan` as an indented tree, the last step first: what was asked for, before any rewriting. */
export function explainPlan(plan: Plan): string {
  const lines: string[] = []
  const waiting = [{ node: plan, prefix: '', branch: '', below: '' }]
  while (waiting.length > 0) {
    const { node, prefix, branch, below } = waiting.pop()!
    lines.push(prefix + branch + describePlan(node))
    const inputs = inputsOf(node)
    const inner = prefix + below
    inputs.forEach((input, index) => {
      const isLast = index === inputs.length - 1
      waiting.push({ node: input, prefix: inner, branch: isLast ? '└─ ' : '├─ ', below: isLast ? '   ' : '│  ' })
    })
    if (inputs.length > 1) waiting.push(...waiting.splice(-inputs.length).toReversed())
  }
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
      return `Drop ${plan.columns.map(describeExpression).join(', ')}`
    case 'Filter':
      return `Filter ${describeExpression(plan.predicate)}`
    case 'Aggregate': {
      const measures = plan.measures.map(describeExpression).join(', ')
      const by = plan.keys.length === 0 ? '' : ` by ${plan.keys.map(describeExpression).join(', ')}`
      const sets = plan.sets?.map((set) => `(${set.map((at) => describeExpression(plan.keys[at]!)).join(', ')})`)
      return `Aggregate ${measures}${by}${sets === undefined ? '' : ` in sets ${sets.join(', ')}`}`
    }
    case 'Pivot': {
      const by = plan.keys.length === 0 ? '' : ` by ${plan.keys.map(describeExpression).join(', ')}`
      const values = plan.values === undefined ? '' : ` in ${plan.values.length} values`
      return `Pivot ${describeExpression(plan.column)}${values}: ${plan.measures.map(describeExpression).join(', ')}${by}`
    }
    case 'Unpivot':
      return `Unpivot ${plan.values?.join(', ') ?? 'all columns'}${plan.ids.length === 0 ? '' : ` but ${plan.ids.join(', ')}`} as ${plan.variable}, ${plan.value}`
    case 'Explode':
      return `Explode ${plan.column}${plan.outer ? ', rows without elements too' : ''}`
    case 'Join':
      if (plan.nearest !== undefined) {
        const { left, right } = plan.nearest
        return `Join ${plan.how} on the nearest ${left}, ${right}${plan.using === undefined ? '' : ` using ${plan.using.join(', ')}`}`
      }
      if (plan.using !== undefined) return `Join ${plan.how} using ${plan.using.join(', ')}`
      return `Join ${plan.how}${plan.condition === undefined ? '' : ` on ${describeExpression(plan.condition)}`}`
    case 'Sort':
      return `Sort ${plan.keys.map(describeExpression).join(', ')}`
    case 'Limit':
      return `Limit ${plan.count ?? 'all'}${plan.offset === 0 ? '' : ` from row ${plan.offset}`}`
    case 'Sample':
      return `Sample ${plan.fraction}${plan.withReplacement ? ' with replacement' : ''}${plan.seed === undefined ? '' : `, seed ${plan.seed}`}`
    case 'FillNulls':
      return `FillNulls ${plan.fills.map(({ name = 'all' }) => name).join(', ')}`
    case 'DropNulls':
      return `DropNulls ${plan.names?.join(', ') ?? 'of all columns'}`
    case 'Replace':
      return `Replace ${plan.pairs.length} values${plan.names === undefined ? '' : ` in ${plan.names.join(', ')}`}`
    case 'Summary':
      return `Summary ${plan.statistics.join(', ')}${plan.names === undefined ? '' : ` of ${plan.names.join(', ')}`}`
    case 'Cache':
      return 'Cache'
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
  if (source.format === 'lake') {
    const { lake, schema, table, version, timestamp } = source
    const moment = version === undefined ? timestamp : `version ${version}`
    return `lake ${lake}.${schema}.${table}${moment === undefined ? '' : ` at ${moment}`}`
  }
  const files = source.files.map(describeFile)
  return `${source.format} ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`
}

/** What to call a file in a plan: no query string, no credentials. */
function describeFile(file: FileReference): string {
  if (file instanceof Uint8Array) return `<${file.byteLength} bytes>`
  if (typeof file === 'string') return file.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)[^/@]*@/, '$1')
  return 'name' in file && typeof file.name === 'string' ? file.name : `<blob of ${file.size} bytes>`
}
