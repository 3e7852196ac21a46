import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, isolateHistory, toggleComment } from '@codemirror/commands'
import { bracketMatching, indentOnInput } from '@codemirror/language'
import { Prec } from '@codemirror/state'
import { EditorView, highlightActiveLine, keymap } from '@codemirror/view'
import { clearMark, markedPosition, showMark, type Mark } from './editor-mark.ts'
import { openEditor } from './open-editor.ts'
import { sqlLanguage, type KnownColumns } from './sql-language.ts'
import { typeOverSelection } from './type-over-selection.ts'

export interface SqlEditor {
  text(): string
  /** Replaces the text; undo brings the former back. */
  setText(text: string): void
  /** Puts `text` where the cursor is. */
  insert(text: string): void
  mark(mark: Mark): void
  clearMark(): void
  /** Moves the cursor to an offset and focuses. */
  goTo(offset: number): void
  focus(): void
}

/** The SQL editor: completion, undo, and a mark where an error is. */
export function sqlEditor(
  host: HTMLElement,
  text: string,
  on: { readonly change: (text: string) => void; readonly columns: KnownColumns },
): SqlEditor {
  const view = openEditor(host, text, [
    history(),
    sqlLanguage(on.columns),
    autocompletion({ icons: false, activateOnTypingDelay: 120 }),
    closeBrackets(),
    bracketMatching(),
    indentOnInput(),
    highlightActiveLine(),
    markedPosition,
    typeOverSelection,
    EditorView.contentAttributes.of({ 'aria-label': 'SQL', spellcheck: 'false', autocapitalize: 'off' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) on.change(update.state.doc.toString())
    }),
    Prec.highest(keymap.of([{ key: 'Mod-Enter', run: closeThenLeave }])),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
      { key: 'Mod-/', run: toggleComment },
      ...defaultKeymap,
    ]),
  ])
  return {
    text: () => view.state.doc.toString(),
    setText(next) {
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: next },
        selection: { anchor: 0 },
        annotations: isolateHistory.of('full'),
        effects: clearMark.of(null),
        scrollIntoView: true,
      })
    },
    insert(piece) {
      view.dispatch(view.state.replaceSelection(piece), { scrollIntoView: true })
      view.focus()
    },
    mark(mark) {
      view.dispatch({
        effects: [showMark.of(mark), EditorView.scrollIntoView(Math.min(mark.from, view.state.doc.length))],
      })
    },
    clearMark() {
      view.dispatch({ effects: clearMark.of(null) })
    },
    goTo(offset) {
      view.dispatch({ selection: { anchor: Math.min(offset, view.state.doc.length) }, scrollIntoView: true })
      view.focus()
    },
    focus: () => view.focus(),
  }
}

/** The page runs the query on the same keys: only the list of completions has to go. */
const closeThenLeave = (view: EditorView): boolean => {
  closeCompletion(view)
  return true
}
