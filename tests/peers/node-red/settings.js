// Node-RED without its editor. The flow's last function publishes through the official NATS client.
const { connect } = require("@nats-io/transport-node");
const { jetstream } = require("@nats-io/jetstream");

module.exports = {
    uiHost: "127.0.0.1",
    uiPort: Number(process.env.PORT),
    httpAdminRoot: false,
    diagnostics: { enabled: false },
    telemetry: { enabled: false },
    logging: { console: { level: "warn" } },
    functionGlobalContext: {
        jetstream: async () => jetstream(await connect({ servers: process.env.NATS })),
    },
};
