/** The current time in milliseconds, for texts that change as time passes. */
class Clock {
  now = $state(Date.now());

  constructor() {
    if (typeof window === 'undefined') return;
    const tick = () => (this.now = Date.now());
    setInterval(tick, 20_000);
    document.addEventListener('visibilitychange', tick);
  }
}

export const clock = new Clock();
