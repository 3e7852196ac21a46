import type { Call, Expression } from '../expr/expression.ts'
import { type ColumnTypes, type Variables, typeOf, variablesInside } from '../expr/type-of.ts'
import { type ValueType, commonType, unknownType } from '../expr/value-type.ts'
import type { LogicalType } from '../types/logical-type.ts'
import type { From, Relation, Select } from './select.ts'

/**
 * What expressions of one statement compute, as far as the columns of its leaves tell: for dialects whose spelling depends on it,
 * and for engines whose values do not know their types. Nothing is worked out before it is asked for.
 */
export class Types {
  readonly #relations = new Map<number, Relation>()
  readonly #known = new Map<string, ValueType>()

  /** Takes note of the relations of a SELECT and of those inside. */
  learn(select: Select): void {
    const visit = (from: From): void => {
      if (from.kind === 'join') {
        visit(from.left)
        visit(from.right)
        return
      }
      const { relation } = from
      this.#relations.set(relation.id, relation)
      const { body } = relation
      if (body.kind === 'select') this.learn(body.select)
      else if (body.kind === 'set') for (const branch of body.branches) this.learn(branch)
      else if (body.kind === 'query') for (const input of body.inputs) this.learn(input)
    }
    visit(select.from)
  }

  /** The type of `node`, undefined where it is not known in full. */
  of(node: Expression, variables?: Variables): LogicalType | undefined {
    const type = this.#of(node, variables)
    return isWhole(type) ? type : undefined
  }

  /** The variables that lambdas of a call see. */
  inside(call: Call, variables: Variables): Variables {
    return variablesInside(call, this.#columns, variables)
  }

  readonly #columns: ColumnTypes = (column) => (column.kind === 'RelationColumn' ? this.#column(column) : unknownType)

  #of(node: Expression, variables?: Variables): ValueType {
    return typeOf(node, this.#columns, variables)
  }

  #column({ relation: id, name }: { readonly relation: number; readonly name: string }): ValueType {
    const key = `${id} ${name}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const type = this.#columnOf(this.#relations.get(id), name)
    this.#known.set(key, type)
    return type
  }

  #columnOf(relation: Relation | undefined, name: string): ValueType {
    const index = relation?.columns.indexOf(name) ?? -1
    if (relation === undefined || index < 0) return unknownType
    const { body } = relation
    if (body.kind === 'select') return this.#of(body.select.columns[index]!.expression)
    if (body.kind === 'set') {
      return body.branches
        .map((branch) => this.#of(branch.columns[index]!.expression))
        .reduce((a, b) => commonType(a, b) ?? unknownType)
    }
    return relation.types?.[index] ?? unknownType
  }
}

function isWhole(type: ValueType): type is LogicalType {
  switch (type.kind) {
    case 'unknown':
    case 'number':
      return false
    case 'list':
      return isWhole(type.element)
    case 'map':
      return isWhole(type.key) && isWhole(type.value)
    case 'struct':
      return type.fields.every((field) => isWhole(field.type))
    default:
      return true
  }
}

/** Whether a type is of signed whole numbers. */
export function isInteger(type: LogicalType | undefined): boolean {
  return type !== undefined && ['tinyint', 'smallint', 'integer', 'bigint', 'hugeint'].includes(type.kind)
}

/** Whether a type is of binary floating point numbers. */
export function isFloat(type: LogicalType | undefined): boolean {
  return type?.kind === 'double' || type?.kind === 'float'
}
