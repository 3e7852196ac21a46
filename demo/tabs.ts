import { byId } from './element.ts'

/** Which editor is in front where there is room for one: the wide page shows both and hides the tabs. */
export function languageTabs(): void {
  const tabs = { sql: byId<HTMLButtonElement>('tab-sql'), ts: byId<HTMLButtonElement>('tab-ts') }
  const editors = document.querySelector<HTMLElement>('.editors')!
  const choose = (name: 'sql' | 'ts'): void => {
    editors.dataset['tab'] = name
    for (const [key, tab] of Object.entries(tabs)) {
      tab.setAttribute('aria-selected', String(key === name))
      tab.tabIndex = key === name ? 0 : -1
    }
  }
  tabs.sql.addEventListener('click', () => choose('sql'))
  tabs.ts.addEventListener('click', () => choose('ts'))
  tabs.sql.parentElement!.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    const next = editors.dataset['tab'] === 'sql' ? 'ts' : 'sql'
    choose(next)
    tabs[next].focus()
  })
}
