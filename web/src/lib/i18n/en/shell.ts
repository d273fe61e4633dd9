export const shell = {
  skip: 'Skip to content',
  navigation: 'Main navigation',
  inbox: 'Inbox',
  settings: 'Settings',
  account: 'Account menu',
  profile: 'Your profile',
  signOut: 'Sign out',
  workspaces: 'Workspaces',
  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
  direction: 'Text direction',
  directions: { auto: 'Automatic', ltr: 'Left to right', rtl: 'Right to left' },
  shortcuts: 'Keyboard shortcuts',
  connection: {
    connecting: 'Reconnecting…',
    catching_up: 'Catching up…',
    offline: 'You’re offline. Messages you send go out when the connection is back.'
  },
  keys: {
    title: 'Keyboard shortcuts',
    text: 'They work whenever you are not typing in a field.',
    groups: { list: 'List', contact: 'Contact', anywhere: 'Anywhere' },
    next: 'Next contact',
    previous: 'Previous contact',
    reply: 'Reply',
    comment: 'Write a comment',
    close: 'Close or open the conversation',
    assign: 'Assign',
    snooze: 'Snooze',
    search: 'Search contacts',
    help: 'Show this list',
    escape: 'Leave the field, close what is open'
  }
};
