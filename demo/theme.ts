const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

const key = 'lakefront.theme'

/** Lets `button` go through system, light and dark, and remembers the choice; `public/theme.js` applies it before the first paint. */
export function themeButton(button: HTMLButtonElement): void {
  let theme: Theme = themes.find((name) => name === document.documentElement.dataset['theme']) ?? 'system'
  const show = (): void => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    button.textContent = `Theme: ${theme}`
  }
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length]!
    show()
    try {
      localStorage.setItem(key, theme)
    } catch {
      // Storage is blocked: the choice lasts until the page is left.
    }
  })
  show()
}
