/** The folder of a schema or table: its name where that is plain and short enough for any disk, else its UUID. */
export function folderOf(name: string, uuid: string): string {
  return /^[A-Za-z0-9_-]{1,100}$/.test(name) ? `${name}/` : `${uuid}/`
}

/** A path as it is stored, below `base` where it is relative. */
export function resolvePath(base: string, path: string, isRelative: boolean): string {
  return isRelative ? base + path : path
}
