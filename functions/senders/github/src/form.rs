//! What to ask for to configure a GitHub destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::text("repository", "Repository that gets the issues")
                .help("owner/name")
                .example("octo-org/security-alerts"),
            FormField::text("apiUrl", "URL of the API")
                .advanced()
                .help("Enterprise Server: https://HOST/api/v3; data residency: https://api.TENANT.ghe.com")
                .default("https://api.github.com")
                .example("https://github.example.com/api/v3"),
            FormField::list("labels", "Labels of each issue")
                .advanced()
                .help("at most 100; GitHub drops them if the token's account cannot push")
                .default("no labels")
                .example("security,alert"),
            FormField::list("assignees", "Logins of the users who get the issues")
                .advanced()
                .help("at most 10; GitHub drops them if the token's account cannot push")
                .default("nobody")
                .example("octocat"),
            FormField::text("issueType", "Issue type of each issue")
                .advanced()
                .help("one of the organization's types; GitHub drops it if the token's account cannot push")
                .default("none")
                .example("Bug"),
        ],
        auth_methods: vec![
            AuthMethod::new(
                "fine-grained token",
                vec![
                    FormField::text("token", "Fine-grained personal access token")
                        .help("with write access to issues")
                        .example("github_pat_11AAAAAAA0example"),
                ],
            ),
            AuthMethod::new(
                "GitHub App",
                vec![
                    FormField::text("privateKey", "Private key of the app, as PEM")
                        .help(r"in one line, as tr '\n' ' ' < key.pem prints it")
                        .example(EXAMPLE_KEY),
                ],
            )
            .with_settings(vec![
                FormField::text("appId", "Id of the app")
                    .help("the App ID, or the client ID, on the app's settings page")
                    .example("12345"),
                FormField::text("installationId", "Id of the installation")
                    .help("at the end of the URL of the installation's page")
                    .example("67890"),
            ]),
        ],
    }
}

/// A key that was made for this example and belongs to no app.
pub(crate) const EXAMPLE_KEY: &str = "\
-----BEGIN RSA PRIVATE KEY-----\n\
MIIEpAIBAAKCAQEAtvsPhzREoa3ftNaDiB6/eN6GGCwJTtaE0F0Zp1OahIdrArdU\n\
D/k15NXcyj1usLhTbTBg5IuNYjJJLI9CiiHa+NzwKw8cCQug4lQ4DFY7Rsxd5h3L\n\
jO/9OB/j5KnfLM99XjynEBr4Sv2WcNAn2QkxO+9QaHyuOH11FZzCptLN8n0pVtom\n\
y9wR12BHd5rUx/Ox6wybkjX5dFCrpMm28Sh7VrOKW1ulBGSscrow488WJ6soyFdZ\n\
itcbBxzNOWkAbOboZBDC9q5M357zcEW335OtSCv7/Rd9fah99zhg/5/gco/3yPFi\n\
HkmzqNNRJ2a5QE69uCf6KSl3BlKhI3XKHci5EwIDAQABAoIBACUeV9+PAE8l9Of7\n\
zhHaXvAXf+8+W6MFDEsyX6ZcZM92owQZiXF2FfM2WQQjoyUxNydCtZ0XHBar6cEi\n\
zJY12PQ76XJqrb69/6R5/iauhXbOtUudhrGv61erzHCR7yZpbt6jgiZXuj+IIrD+\n\
4N57qWOln9OaW0M1W/+G3cu2nrWOSz+cA3J1AFMEmAxRbPOUowxdGotiveOrqNeR\n\
Pu+lI4BaHXdRDLa1y6gSssu+gUpKZpCLIFkIzNpEsZG+tphyVdYP5hnVWkWGcu7H\n\
nd/Rwmvsj8j4LlC5dBa+0FAvAO8suDbudbV/328S/AEh2jsYvi8CoNtqgiPovVIq\n\
rmxx7tECgYEA6Iz1q60KL04gOAFWJAeXfkVv7tz34O5Zcwqa5AiIegh/GCrLh/5x\n\
K7XZEsYrpK4szcUYVMepy1jwmdJ4Ozg1nXb5O4FWem6JqCy2CT+b/boKiTLIeGwp\n\
U8i/jHdfX6jKt5bIyE/WdwuFYzGYpu8ePO/MkS96lPrLX6uaTc/k/hECgYEAyW6B\n\
+bDyFdV/C7fnN1nvc1YetnYdmIoYXsXpak1Xr6GIh/+fkNf1Naku5T55UeYG3Vux\n\
/69yQA1/vxZAiDf/DYyiN8qemIMcvL7HrQSqJYE6ukSsD0kX777ABNEhUMn4QKyn\n\
HsU+gVme8Dhz+ZfjgJDiSD+ufLYjueqzWqlUcOMCgYEA0BEW2fSn8S1YnGNtvCzi\n\
ucLM5I3mZuU7OTga375WxcEGXgwkMNhST4aT4z1V3TFNuwoGvAws+ljoZOiwVGP1\n\
bJ7/XeNaCY8PMV5XvSyhmEG1nY3HWh+EVod+AuLnfYJbZinOGZN9UuQHA3pjl7DI\n\
gEMZ6Cjv544BGudB1y8UNtECgYEAnbEfm8QEoUc0YI4mOtTzek2PWbR6UvK5RWiW\n\
5RuLa/l/k0hxOMl4M/wwtFMGUzFLanvgi5RkUvS+b3ASMRH1YDwauqarJiZuluyc\n\
ET03noje2vfr40OLs6qXVK4L8N1MtgT0CEjOOCFbJiBr2pgoCHxkSb9g8Ez/BwtQ\n\
QceSTZUCgYBcrvzwxLbBTFtM4xY72Em2TOE9va5jkspC0Y5IjnHXyjBcSccK6cZN\n\
R+oJH2Gv2dHM1MmXM7kOXqhVi5EphbisNukpSpGR8o0FU3VF9YEU7cTrkLmtbBZ/\n\
ZgXyGBfoLG1iwAMmcrTe+LgC0e/+d2HFO41HYhBKPj7HCmye81fblw==\n\
-----END RSA PRIVATE KEY-----";
