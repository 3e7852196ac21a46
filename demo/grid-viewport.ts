/**
 * Where a grid of any number of rows is scrolled to.
 *
 * Browsers cap the height of an element (about 17 million pixels in Firefox), so beyond {@link maxScrollHeight} the scroll bar is
 * a scaled picture of the rows: small movements (wheel, touch, keys) move row for row, large ones (the bar dragged) move in proportion.
 */
export interface Viewport {
  readonly rowHeight: number
  readonly rowCount: number
  /** Pixels that rows are visible in. */
  readonly height: number
  /** Pixels from the first row to the top of what is visible, as if nothing were scaled. */
  readonly position: number
  /** What the element's `scrollTop` is for that position. */
  readonly scrollTop: number
}

/** The tallest scroll area we ask a browser for, in pixels. */
export const maxScrollHeight = 8_000_000

/** The height of the element that is scrolled in. */
export function scrollHeightOf(view: Viewport): number {
  return Math.min(view.rowCount * view.rowHeight, maxScrollHeight)
}

/** `view` after the element was scrolled to `scrollTop`. */
export function scrolledTo(view: Viewport, scrollTop: number): Viewport {
  const limit = positionLimit(view)
  const scrollLimit = scrollTopLimit(view)
  if (limit === scrollLimit) return { ...view, scrollTop, position: clamp(scrollTop, limit) }
  if (scrollTop <= 0) return { ...view, scrollTop, position: 0 }
  if (scrollTop >= scrollLimit - 1) return { ...view, scrollTop, position: limit }
  const moved = scrollTop - view.scrollTop
  const position = Math.abs(moved) <= 2 * view.height ? view.position + moved : (scrollTop / scrollLimit) * limit
  return { ...view, scrollTop, position: clamp(position, limit) }
}

/** `view` at `position`, with the `scrollTop` that pictures it. */
export function movedTo(view: Viewport, position: number): Viewport {
  const limit = positionLimit(view)
  const at = clamp(position, limit)
  const scrollLimit = scrollTopLimit(view)
  const scrollTop = limit === scrollLimit ? at : limit === 0 ? 0 : Math.round((at / limit) * scrollLimit)
  return { ...view, position: at, scrollTop }
}

/** `view` moved as little as needed to make `row` wholly visible. */
export function revealing(view: Viewport, row: number): Viewport {
  const top = row * view.rowHeight
  if (top < view.position) return movedTo(view, top)
  const bottom = top + view.rowHeight
  return bottom > view.position + view.height ? movedTo(view, bottom - view.height) : view
}

/** First (inclusive) and last (exclusive) rows to draw, `overscan` more on both sides. */
export function rowRange(view: Viewport, overscan: number): { readonly start: number; readonly end: number } {
  const first = Math.floor(view.position / view.rowHeight)
  const last = Math.ceil((view.position + view.height) / view.rowHeight)
  return { start: Math.max(0, first - overscan), end: Math.min(view.rowCount, last + overscan) }
}

/** Where the top of `row` is inside the scrolled element. */
export function rowTop(view: Viewport, row: number): number {
  return view.scrollTop + row * view.rowHeight - view.position
}

function positionLimit(view: Viewport): number {
  return Math.max(0, view.rowCount * view.rowHeight - view.height)
}

function scrollTopLimit(view: Viewport): number {
  return Math.max(0, scrollHeightOf(view) - view.height)
}

function clamp(value: number, limit: number): number {
  return Math.min(Math.max(0, value), limit)
}
