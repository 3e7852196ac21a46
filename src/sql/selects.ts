import type { Expression, SortKey } from '../expr/expression.ts'
import { LakefrontError } from '../errors.ts'
import { checkEmbeddable, sqlTokens } from '../expr/sql-text.ts'
import { bind } from '../plan/bind.ts'
import type { Leaf, OutputColumn, Plan, Query, SetOperation } from '../plan/nodes.ts'
import { wholeType } from '../plan/output.ts'
import { Scope } from '../plan/scope.ts'
import { foldPlan } from '../plan/inputs.ts'
import { lower } from './lower.ts'
import { mergeAggregate } from './rules/merge-aggregate.ts'
import { mergeDistinct } from './rules/merge-distinct.ts'
import { mergeFilter } from './rules/merge-filter.ts'
import { mergeJoin } from './rules/merge-join.ts'
import { mergeLimit } from './rules/merge-limit.ts'
import { mergeProject } from './rules/merge-project.ts'
import { mergeSort } from './rules/merge-sort.ts'
import { type RelationBody, type Select, type SelectColumn, nested, selectFrom, uniqueNames } from './select.ts'

/** `plan`, resolved and expanded, as few SELECTs as mean the same. `nextId` numbers the relations of one statement. */
export function selectsOf(plan: Plan, nextId: () => number): Select {
  const step = (node: Plan, inputs: readonly Select[]): Select => {
    const [input, other] = inputs as readonly [Select, Select]
    switch (node.kind) {
      case 'Scan':
        return leaf(node, { kind: 'scan', id: node.source.id })
      case 'Table':
        return leaf(node, { kind: 'table', name: node.name })
      case 'Query':
        return leaf(node, { kind: 'query', query: embedded(node), inputs })
      case 'Project':
        return mergeProject(input, columns(node.columns, node, node.input), nextId)
      case 'Filter':
        return mergeFilter(input, bound(node.predicate, node.input), nextId)
      case 'Aggregate': {
        const all = columns([...node.keys, ...node.measures], node, node.input)
        const keys = all.slice(0, node.keys.length)
        return mergeAggregate(input, { keys, measures: all.slice(keys.length), ...setsOf(node) }, nextId)
      }
      case 'Join': {
        const scope = node.left.output!.concat(node.right.output!)
        const condition = node.condition === undefined ? undefined : boundIn(node.condition, scope)
        return mergeJoin({ left: input, right: other }, node.how, condition, nextId)
      }
      case 'Sort':
        return mergeSort(
          input,
          node.keys.map((key) => bound(key, node.input) as SortKey),
          nextId,
        )
      case 'Limit':
        return mergeLimit(input, node.count, node.offset)
      case 'Sample':
        return nested({ ...nested(input, nextId), sample: node.fraction }, nextId)
      case 'Distinct':
        return mergeDistinct(input, nextId)
      case 'SetOperation':
        return leaf(node, { kind: 'set', operation: node.operation, all: node.all, branches: branches(node, inputs) })
      case 'Alias':
        return aliased(input, node.name)
      case 'Cache':
        return input
      case 'WithColumns':
      case 'Rename':
      case 'Drop':
      case 'Pivot':
      case 'Unpivot':
      case 'Explode':
      case 'FillNulls':
      case 'DropNulls':
      case 'Replace':
      case 'Summary':
        throw new LakefrontError('INTERNAL', `A ${node.kind} was left after the rules that replace it.`)
      default:
        return node satisfies never
    }
  }

  const leaf = (node: Leaf | SetOperation, body: RelationBody): Select => {
    const names = node.output!.map(({ name }) => name)
    const unique = uniqueNames(names)
    const renamed = unique.some((name, index) => name !== names[index])
    const types = node.output!.map(({ type }) => wholeType(type))
    const select = selectFrom({ id: nextId(), columns: unique, types, body, renamed })
    return renamed
      ? { ...select, columns: select.columns.map((column, index) => ({ ...column, name: names[index]! })) }
      : select
  }

  const aliased = (select: Select, alias: string): Select => {
    const visible = select.from.kind === 'relation' ? select : nested(select, nextId)
    return visible.from.kind === 'relation'
      ? { ...visible, from: { kind: 'relation', relation: { ...visible.from.relation, alias } } }
      : visible
  }

  return foldPlan(plan, step)
}

/** A UNION ALL of UNION ALLs is one of all their branches. */
function branches(node: SetOperation, inputs: readonly Select[]): readonly Select[] {
  const merges = (side: Plan): boolean =>
    side.kind === 'SetOperation' && node.operation === 'union' && side.operation === 'union' && node.all && side.all
  return [node.left, node.right].flatMap((side, index) => {
    const { from } = inputs[index]!
    const body = from.kind === 'relation' ? from.relation.body : undefined
    return merges(side) && body?.kind === 'set' ? body.branches : [inputs[index]!]
  })
}

function setsOf({ sets }: Extract<Plan, { kind: 'Aggregate' }>): Pick<Extract<Plan, { kind: 'Aggregate' }>, 'sets'> {
  return sets === undefined ? {} : { sets }
}

function columns(expressions: readonly Expression[], node: Plan, input: Plan): readonly SelectColumn[] {
  const scope = new Scope(input.output!)
  return expressions.map((expression, index) => {
    const lowered = lower(bind(expression, scope))
    return { name: node.output![index]!.name, expression: lowered.kind === 'Alias' ? lowered.operand : lowered }
  })
}

function bound(expression: Expression, input: Plan): Expression {
  return boundIn(expression, input.output!)
}

function boundIn(expression: Expression, output: readonly OutputColumn[]): Expression {
  const scope = new Scope(output)
  const node = lower(bind(expression, scope))
  return node.kind === 'Alias' ? node.operand : node
}

/** SQL text that can stand between brackets: one statement, without the semicolon at its end. */
function embedded(query: Query): Query {
  const last = query.parts.at(-1)!
  const end = sqlTokens(last).findLast((token) => token.kind !== 'trivia' && token.text !== ';')
  const parts = [...query.parts.slice(0, -1), end === undefined ? '' : last.slice(0, end.start + end.text.length)]
  checkEmbeddable(parts.join(' NULL '), 'The SQL text, which has more steps after it,')
  return { ...query, parts }
}
