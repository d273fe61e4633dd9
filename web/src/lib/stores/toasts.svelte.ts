import { errorText } from '$lib/api/client';

export type Toast = { id: number; tone: 'info' | 'error'; text: string };

const LASTS = { info: 4_000, error: 8_000 };

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  info(text: string): void {
    this.#add('info', text);
  }

  error(error: unknown): void {
    this.#add('error', typeof error === 'string' ? error : errorText(error));
  }

  dismiss(id: number): void {
    this.list = this.list.filter((t) => t.id !== id);
  }

  #add(tone: Toast['tone'], text: string): void {
    if (this.list.some((t) => t.text === text)) return;
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { id, tone, text }];
    setTimeout(() => this.dismiss(id), LASTS[tone]);
  }
}

export const toasts = new Toasts();
