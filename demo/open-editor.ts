import { syntaxHighlighting } from '@codemirror/language'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, lineNumbers } from '@codemirror/view'
import { editorColours, editorTheme } from './editor-theme.ts'

/**
 * An editor in a shadow root of `host`. There CodeMirror makes its styles as constructed style sheets; in the document it would make a
 * `<style>` element, which needs `'unsafe-inline'` in the page's policy.
 */
export function openEditor(host: HTMLElement, text: string, extensions: readonly Extension[]): EditorView {
  const root = host.attachShadow({ mode: 'open', delegatesFocus: true })
  return new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [lineNumbers(), drawSelection(), syntaxHighlighting(editorColours), editorTheme, ...extensions],
    }),
  })
}
