/**
 * Values kept in the host page's storage, apart for each widget key. Storage may be forbidden or full; then they live in
 * memory and the visitor starts afresh on the next page.
 */
export class Store {
  private readonly memory = new Map<string, string>();
  private readonly prefix: string;

  constructor(key: string) {
    this.prefix = `ism:${key}:`;
  }

  get(name: string): string | null {
    return this.memory.get(name) ?? this.attempt((storage) => storage.getItem(this.prefix + name)) ?? null;
  }

  set(name: string, value: string | null): void {
    this.memory.delete(name);
    const kept = this.attempt((storage) => {
      if (value === null) storage.removeItem(this.prefix + name);
      else storage.setItem(this.prefix + name, value);
      return true;
    });
    if (!kept && value !== null) this.memory.set(name, value);
  }

  all(): Record<string, string> {
    const found: Record<string, string> = {};
    this.attempt((storage) => {
      for (let i = 0; i < storage.length; i++) {
        const name = storage.key(i);
        if (name?.startsWith(this.prefix)) found[name.slice(this.prefix.length)] = storage.getItem(name) ?? '';
      }
    });
    return { ...found, ...Object.fromEntries(this.memory) };
  }

  clear(): void {
    for (const name of Object.keys(this.all())) this.set(name, null);
  }

  /** Tells of changes made by other tabs. */
  watch(changed: (name: string, value: string | null) => void): void {
    addEventListener('storage', (event) => {
      if (event.key?.startsWith(this.prefix)) changed(event.key.slice(this.prefix.length), event.newValue);
    });
  }

  private attempt<T>(access: (storage: Storage) => T): T | undefined {
    try {
      return access(localStorage);
    } catch {
      return undefined;
    }
  }
}
