// An identity provider that is not ours: node-oidc-provider, on a port of its own, for tests.
//
//   node provider.mjs REDIRECT_URI…
//
// Prints one line of JSON when it is ready, and ends when its standard input does:
//
//   { "issuer": "http://127.0.0.1:41234", "clients": [{ "id", "secret", "alg", "auth" }, …],
//     "accounts": [{ "sub", "upn", … }, …] }
//
// Its pages are forms: type the `upn` of an account and any password, then confirm.
// The claim `upn` is in the ID token, `preferred_username` and `email` only at the userinfo endpoint.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const redirects = process.argv.slice(2);
if (redirects.length === 0) {
  console.error('usage: node provider.mjs REDIRECT_URI…');
  process.exit(2);
}

// One line on standard output, and it is ours.
console.info = console.warn = console.error;

const accounts = [
  { sub: '7f1c0a52', upn: 'ada@contoso.example', name: 'Ada Lovelace', email: 'ada.lovelace@mail.example', verified: true },
  { sub: '91d3be08', upn: 'bo@contoso.example', name: 'Bo Ek', email: 'bo.ek@mail.example', verified: false },
];

const clients = [
  // Characters that have to be encoded in Basic authentication.
  { id: 'latchkey', secret: 'S3cr3t:+/ %&="', alg: 'RS256', auth: 'client_secret_basic' },
  { id: 'latchkey-es', secret: 'secret-of-the-second', alg: 'ES256', auth: 'client_secret_basic' },
  { id: 'latchkey-ed', secret: 'secret-of-the-third', alg: 'EdDSA', auth: 'client_secret_basic' },
];

const jwk = (kid, alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig',
});

const configuration = {
  clients: clients.map(({ id, secret, alg, auth }) => ({
    client_id: id,
    client_secret: secret,
    redirect_uris: redirects,
    response_types: ['code'],
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: alg,
    token_endpoint_auth_method: auth,
  })),
  jwks: {
    keys: [
      jwk('r', 'RS256', 'rsa', { modulusLength: 2048 }),
      jwk('e', 'ES256', 'ec', { namedCurve: 'P-256' }),
      jwk('d', 'EdDSA', 'ed25519'),
    ],
  },
  cookies: { keys: ['only for tests'] },
  claims: {
    openid: ['sub', 'upn'],
    profile: ['preferred_username', 'name'],
    email: ['email', 'email_verified'],
  },
  pkce: { required: () => true },
  // What was typed is the account's id within the provider; `sub` is what clients learn.
  findAccount(_, login) {
    const account = accounts.find(({ upn }) => login === upn);
    return account && {
      accountId: login,
      claims: () => ({
        sub: account.sub,
        upn: account.upn,
        preferred_username: account.upn,
        name: account.name,
        email: account.email,
        email_verified: account.verified,
      }),
    };
  },
};

// The port is known only when it is taken, and the issuer holds the port.
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_, error) => console.error(error));
  server.on('request', provider.callback());
  process.stdout.write(`${JSON.stringify({ issuer, clients, accounts })}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
