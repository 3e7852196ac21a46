import { languageTabs } from './tabs.ts'
import { openMemory } from './memory.ts'
import { playground } from './playground.ts'
import { themeButton } from './theme.ts'
import { byId } from './element.ts'

const isMac = navigator.platform.startsWith('Mac')
byId('run-sql').querySelector('kbd')!.textContent = isMac ? '⌘ ↵' : 'Ctrl ↵'
byId('examples-panel').toggleAttribute('open', window.innerWidth >= 820)
byId('files-panel').toggleAttribute('open', window.innerWidth >= 820)
themeButton(byId<HTMLButtonElement>('theme'))
languageTabs()
void playground(await openMemory())
