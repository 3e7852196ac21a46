import { Column } from './column.ts'
import type { AnyColumn, Operand, OperandNeeds, OperandType } from './column-types.ts'
import type { CaseBranch } from './expression.ts'
import { operandNode } from './operand.ts'

/**
 * Starts `CASE WHEN condition THEN result`; NULL where no condition is true and there is no {@link CaseColumn.otherwise}.
 * Strings are values.
 */
export function when<C extends AnyColumn, R extends Operand>(
  condition: C,
  result: R,
): CaseColumn<OperandType<R>, OperandNeeds<C> | OperandNeeds<R>> {
  return new CaseColumn(Object.freeze([branch(condition, result)]))
}

/** A CASE that can be given more branches, and is a column as it stands. */
export class CaseColumn<T, Needs extends string> extends Column<T | null, Needs, string> {
  readonly #branches: readonly CaseBranch[]

  constructor(branches: readonly CaseBranch[]) {
    super(Object.freeze({ kind: 'Case', branches }))
    this.#branches = branches
  }

  /** `… WHEN condition THEN result` */
  when<C extends AnyColumn, R extends Operand>(
    condition: C,
    result: R,
  ): CaseColumn<T | OperandType<R>, Needs | OperandNeeds<C> | OperandNeeds<R>> {
    return new CaseColumn(Object.freeze([...this.#branches, branch(condition, result)]))
  }

  /** `… ELSE result END` */
  otherwise<R extends Operand>(result: R): Column<T | OperandType<R>, Needs | OperandNeeds<R>, string> {
    return new Column(Object.freeze({ kind: 'Case', branches: this.#branches, otherwise: operandNode(result) }))
  }
}

function branch(condition: AnyColumn, result: Operand): CaseBranch {
  return Object.freeze({ when: operandNode(condition), result: operandNode(result) })
}
