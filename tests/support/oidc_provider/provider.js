// An OpenID provider on a port of the loopback: `node provider.js PORT CLIENT SECRET PATH...`, with the paths of the
// callbacks. Any login and password sign in. The login is the subject; `unverified...` has an unverified address.
import Provider from "oidc-provider";

const [port, client, secret, ...paths] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      // RFC 8252, section 7.3: the port of a loopback address may be any.
      application_type: "native",
      redirect_uris: paths.map((path) => `http://127.0.0.1${path}`),
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  cookies: { keys: ["a key of tests"] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  // `STRICT`: claims are in the user info only, as the standard has it.
  conformIdTokenClaims: process.env.STRICT === "1",
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: !id.startsWith("unverified"),
      name: `The user ${id}`,
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
