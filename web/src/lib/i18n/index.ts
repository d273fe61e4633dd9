// Every text of the interface comes from here. One module per area, so that a page loads only the texts it shows;
// another language is another set of modules with the same shape.
export { auth } from './en/auth';
export { channels } from './en/channels';
export { common } from './en/common';
export { composer } from './en/composer';
export { contact } from './en/contact';
export { events } from './en/events';
export { inbox } from './en/inbox';
export { settings } from './en/settings';
export { shell } from './en/shell';
export { timeline } from './en/timeline';
export { plural } from './plural';
