import { isLakefrontError, type Session } from 'lakefront'
import { sqlEditor } from './editor.ts'
import { byId, copyFrom, create } from './element.ts'
import { asProgram, exampleOf, examples, type Example, type Query } from './examples.ts'
import { filesPanel, type FilesPanel } from './files.ts'
import type { Memory } from './memory.ts'
import { outputPanel } from './output.ts'
import { markOf } from './position.ts'
import { columnsOf, readResult } from './result.ts'
import { pageSession } from './session.ts'
import { say, setState, showEngine } from './status.ts'

/** What runs: text of the SQL editor, or the compiled module that the TypeScript pane shows. */
type Language = 'sql' | 'typescript'

/** Joins editors, engine, files and output. Resolves when the page is ready and the first example, if any, has run. */
export async function playground(memory: Memory): Promise<void> {
  const draft = await memory.draft()
  let example = exampleOf(draft?.example) ?? examples[0]
  let running: AbortController | undefined

  const output = outputPanel()
  const session = pageSession({
    engine: showEngine,
    opened: (db) => files.attach((name, file) => db.registerFile(name, file)),
  })
  const files: FilesPanel = filesPanel(memory, {
    register: async (name, file) => (await session.get()).registerFile(name, file),
    unregister: async (name) => (await session.get()).unregisterFile(name),
    columns: async (name) =>
      columnsOf(await (await session.get()).sql(`FROM '${name.replaceAll("'", "''")}'`).schema()),
    insert: (sql) => editor.insert(sql),
    opened(name) {
      editor.setText(`SELECT *\nFROM '${name.replaceAll("'", "''")}'\nLIMIT 1000`)
      void run('sql')
    },
    announce: (text) => say(text),
  })
  const editor = sqlEditor(byId('sql'), draft?.sql ?? example.sql, {
    change: edited,
    columns: () => files.known().map(({ name, columns }) => ({ file: name, columns })),
  })
  const typescript = import('./typescript-view.ts').then(({ typescriptView }) => typescriptView(byId('ts')))

  const buttons = { sql: byId<HTMLButtonElement>('run-sql'), typescript: byId<HTMLButtonElement>('run-ts') }
  const cancel = byId<HTMLButtonElement>('cancel')
  const reset = byId<HTMLButtonElement>('reset')
  const copyTypescript = byId<HTMLButtonElement>('copy-ts')
  buttons.sql.addEventListener('click', () => void run('sql'))
  buttons.typescript.addEventListener('click', () => void run('typescript'))
  cancel.addEventListener('click', () => running?.abort())
  reset.addEventListener('click', () => choose(example))
  document.querySelector('.skip')?.addEventListener('click', (event) => {
    event.preventDefault()
    editor.focus()
  })
  copyTypescript.addEventListener('click', () => void copyFrom(copyTypescript, asProgram(example)))
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      void run(document.activeElement?.id === 'ts' ? 'typescript' : 'sql')
    } else if (
      event.key === 'Escape' &&
      running !== undefined &&
      !event.defaultPrevented &&
      document.querySelector('dialog[open]') === null
    ) {
      running.abort()
    }
  })

  const entries = examples.map((entry) =>
    exampleEntry(entry, () => {
      choose(entry)
      if (window.innerWidth < 820) byId('examples-panel').removeAttribute('open')
      void run('sql')
    }),
  )
  byId('examples').replaceChildren(...entries.map(({ item }) => item))
  describe()

  try {
    await session.get()
  } catch (error) {
    fail(error, undefined)
    setState('error')
    return
  } finally {
    setRunnable(true)
  }
  if (draft === undefined) await run('sql')
  else {
    setState('ready')
    say('Ready.')
  }

  function choose(next: Example): void {
    example = next
    editor.setText(next.sql)
    describe()
  }

  function edited(text: string): void {
    editor.clearMark()
    describe()
    void memory.saveDraft({ example: example.id, sql: text })
  }

  function describe(): void {
    const changed = editor.text() !== example.sql
    byId('sql-note').textContent = changed ? `“${example.title}”, edited` : `“${example.title}”`
    reset.hidden = !changed
    const { typescript: text } = example
    void typescript.then((view) => view.show(text))
    for (const { id, mark } of entries) mark(id === example.id)
  }

  function setRunnable(can: boolean): void {
    buttons.sql.disabled = buttons.typescript.disabled = !can
    cancel.hidden = can
  }

  async function run(language: Language): Promise<void> {
    if (running !== undefined) return
    const sql = editor.text()
    const chosen = example
    const query = (db: Session): Query => (language === 'sql' ? db.sql(sql) : chosen.run(db))
    running = new AbortController()
    const { signal } = running
    setRunnable(false)
    setState('running')
    editor.clearMark()
    output.begin()
    try {
      const db = await session.get()
      const frame = query(db)
      const made = language === 'typescript' ? await frame.toSQL() : undefined
      const outcome = await readResult(frame, {
        signal,
        onProgress: output.progress,
        onRows: (table) => output.rows(table, language === 'sql' ? 'Result of the SQL' : 'Result of the TypeScript'),
      })
      output.finished(outcome, made)
      setState('done')
    } catch (error) {
      if (signal.aborted) {
        output.cancelled()
        setState('ready')
      } else {
        fail(error, language === 'sql' ? sql : undefined)
        setState('error')
      }
    } finally {
      running = undefined
      setRunnable(true)
    }
  }

  function fail(error: unknown, sql: string | undefined): void {
    if (isLakefrontError(error, 'WORKER_LOST')) session.lost()
    const mark = sql !== undefined && isLakefrontError(error) ? markOf(sql, error.message, error.details) : undefined
    if (mark !== undefined) editor.mark(mark)
    output.failed({
      error,
      ...(sql === undefined || mark === undefined ? {} : { sql, mark, onGoTo: () => editor.goTo(mark.from) }),
    })
  }
}

function exampleEntry(
  example: Example,
  onChoose: () => void,
): { id: string; item: HTMLElement; mark(on: boolean): void } {
  const choice = create('button', '', create('strong', '', example.title), create('span', '', example.note))
  choice.type = 'button'
  choice.addEventListener('click', onChoose)
  return {
    id: example.id,
    item: create('li', '', choice),
    mark: (on) => (on ? choice.setAttribute('aria-current', 'true') : choice.removeAttribute('aria-current')),
  }
}
