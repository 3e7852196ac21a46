import { StateEffect, StateField, type StateEffectType } from '@codemirror/state'
import { Decoration, EditorView, hoverTooltip, type DecorationSet } from '@codemirror/view'

/** A piece of the text that an error is about. Offsets in characters; an empty range is widened to the word there. */
export interface Mark {
  readonly from: number
  readonly to: number
  readonly message: string
}

export const showMark: StateEffectType<Mark> = StateEffect.define<Mark>()
export const clearMark: StateEffectType<null> = StateEffect.define<null>()

const field = StateField.define<{ readonly decorations: DecorationSet; readonly message: string }>({
  create: () => ({ decorations: Decoration.none, message: '' }),
  update(value, transaction) {
    let next = transaction.docChanged ? { ...value, decorations: Decoration.none } : value
    for (const effect of transaction.effects) {
      if (effect.is(clearMark)) next = { decorations: Decoration.none, message: '' }
      if (!effect.is(showMark)) continue
      const { doc } = transaction.state
      if (doc.length === 0) continue
      const to = Math.min(doc.length, Math.max(effect.value.to, effect.value.from + 1))
      const from = Math.min(effect.value.from, to - 1)
      const line = doc.lineAt(from)
      next = {
        message: effect.value.message,
        decorations: Decoration.set([
          Decoration.line({ class: 'cm-error-line' }).range(line.from),
          Decoration.mark({ class: 'cm-error', attributes: { 'aria-invalid': 'true' } }).range(from, to),
        ]),
      }
    }
    return next
  },
  provide: (self) => EditorView.decorations.from(self, (value) => value.decorations),
})

/** Underlines what an error is about until the text changes, and says it on hover. */
export const markedPosition = [
  field,
  hoverTooltip((view, position) => {
    const { decorations, message } = view.state.field(field)
    let found: { from: number; to: number } | undefined
    decorations.between(position, position, (from, to) => {
      if (to > from) found = { from, to }
    })
    if (found === undefined) return null
    return {
      pos: found.from,
      end: found.to,
      create() {
        const dom = document.createElement('div')
        dom.className = 'cm-error-tooltip'
        dom.textContent = message
        return { dom }
      },
    }
  }),
]
