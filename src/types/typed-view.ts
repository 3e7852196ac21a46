interface ViewConstructor<View> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): View
}

/** The first `length` elements of `bytes` as a typed array: a view, or a copy when the bytes are not aligned for one. */
export function typedView<View>(
  constructor: ViewConstructor<View>,
  bytes: Uint8Array | undefined,
  length: number,
): View {
  const width = constructor.BYTES_PER_ELEMENT
  const source = bytes ?? new Uint8Array(0)
  if (source.byteOffset % width === 0) return new constructor(source.buffer, source.byteOffset, length)
  return new constructor(source.slice(0, length * width).buffer, 0, length)
}

/** The bytes of any typed array, shared. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
