import { LakefrontError } from '../errors.ts'
import type { Expression } from '../expr/expression.ts'
import { describeExpression } from '../expr/describe.ts'
import { mapChildren } from '../expr/walk.ts'
import type { Scope } from './scope.ts'

/**
 * `node` with every name replaced by the position it means in `scope`. Names inside SQL text are left to the engine.
 *
 * Throws `COLUMN_NOT_FOUND`, `COLUMN_AMBIGUOUS`, and `INVALID_ARGUMENT` for a star where one value belongs.
 */
export function bind(node: Expression, scope: Scope): Expression {
  switch (node.kind) {
    case 'ColumnReference': {
      const { index, fields } = scope.resolve(node.name)
      const column: Expression = Object.freeze({ kind: 'InputColumn', index, name: scope.columns[index]!.name })
      return fields.reduce<Expression>((operand, name) => Object.freeze({ kind: 'GetField', operand, name }), column)
    }
    case 'Star':
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${describeExpression(node)} stands for many columns. Use it in select() or in count().`,
      )
    case 'Call':
      return node.operands[0]?.kind === 'Star' && node.name === 'count'
        ? node
        : mapChildren(node, (child) => bind(child, scope))
    default:
      return mapChildren(node, (child) => bind(child, scope))
  }
}
