/** The element of that id; the page's own markup has it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`index.html has no element "${id}"`)
  return element as T
}

/** A new element with text or children. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children)
  return element
}

/** A button that does something. */
export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  const element = create('button', className, label)
  element.type = 'button'
  element.addEventListener('click', onClick)
  return element
}

/** Copies and says so on the button for a moment. */
export async function copyFrom(source: HTMLButtonElement, text: string): Promise<void> {
  const label = source.dataset['label'] ?? source.textContent ?? ''
  source.dataset['label'] = label
  try {
    await navigator.clipboard.writeText(text)
    source.textContent = 'Copied'
  } catch {
    source.textContent = 'The browser refused to copy'
  }
  setTimeout(() => (source.textContent = label), 1600)
}
