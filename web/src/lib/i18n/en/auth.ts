export const auth = {
  signIn: 'Sign in',
  signInTitle: 'Sign in to IS-Messenger',
  signInText: 'Welcome back. Enter your details to open your inbox.',
  sessionEnded: 'Your session has ended. Sign in to continue where you were.',
  email: 'Email',
  password: 'Password',
  showPassword: 'Show password',
  hidePassword: 'Hide password',
  signingIn: 'Signing in…',
  inviteTitle: (workspace: string) => `Join ${workspace}`,
  inviteText: (email: string, role: string) =>
    `You were invited as ${role.toLowerCase()} with the address ${email}.`,
  inviteExisting: 'You already have an account. Enter your password to join.',
  inviteAccept: 'Accept invitation',
  inviteGone: 'This invitation can’t be used',
  inviteGoneText:
    'It may have expired, been cancelled or been accepted before. Ask the person who invited you for a new link.',
  toSignIn: 'Go to sign in',
  firstName: 'First name',
  lastName: 'Last name',
  newPassword: 'Choose a password',
  passwordHelp: 'At least 10 characters.',
  noWorkspaceTitle: 'No workspace yet',
  noWorkspaceText:
    'Your account isn’t part of a workspace. Ask a colleague to invite you, then open the link you receive.'
};
