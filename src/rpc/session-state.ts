import type { Statement } from '../engine/engine.ts'

const oneStatement = /^[^;]*;?\s*$/
const setting = /^\s*(?:set|reset|use)\s/i
const name = /("(?:[^"]|"")+"(?:\."(?:[^"]|"")+")*|[^\s(;"]+)/.source
const made = new RegExp(
  `^\\s*create\\s+(?:or\\s+replace\\s+)?(?:temp(?:orary)?\\s+)?(?:recursive\\s+)?(view|macro|function)\\s+(?:if\\s+not\\s+exists\\s+)?${name}`,
  'i',
)
const dropped = new RegExp(`^\\s*drop\\s+(view|macro|function)\\s+(?:table\\s+)?(?:if\\s+exists\\s+)?${name}`, 'i')

/**
 * The statements that make a new engine's session like the one before: settings, views and macros, each by its last statement.
 * Only texts of one statement without a semicolon inside count. Tables are not made again: their rows are gone.
 */
export class SessionState {
  readonly #statements = new Map<string, Statement>()

  get statements(): readonly Statement[] {
    return [...this.#statements.values()]
  }

  /** Call with each statement that has succeeded. */
  remember(statement: Statement): void {
    const { sql } = statement
    if (!oneStatement.test(sql)) return
    const create = made.exec(sql)
    const drop = dropped.exec(sql)
    const key = (create ?? drop) ? keyOf((create ?? drop)!) : setting.test(sql) ? sql : undefined
    if (key === undefined) return
    this.#statements.delete(key)
    if (drop === null) this.#statements.set(key, statement)
  }
}

function keyOf([, kind, called]: RegExpExecArray): string {
  return `${kind!.toLowerCase() === 'view' ? 'view' : 'macro'} ${called!.toLowerCase()}`
}

/** Whether a session can go on without what `statement` made, as where a view's table is gone. */
export function isDispensable({ sql }: Statement): boolean {
  return made.test(sql)
}
