import { defaultKeymap } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { EditorState } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { openEditor } from './open-editor.ts'

/** A read-only view of TypeScript; `show` replaces what stands there. */
export function typescriptView(host: HTMLElement): { show(text: string): void } {
  const view = openEditor(host, '', [
    javascript({ typescript: true }),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': 'TypeScript of this example, read only', 'aria-readonly': 'true' }),
    keymap.of(defaultKeymap),
  ])
  return {
    show(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 } })
    },
  }
}
