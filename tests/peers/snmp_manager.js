// npm's net-snmp as a manager: reads a table by its columns, and receives notifications.
//   snmp_manager.js AGENT-PORT TRAP-PORT ROOT
// Prints a line of JSON for the table, "listening", and then one for each notification.
const snmp = require("net-snmp");
const [agent, trap, root] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];

const receiver = snmp.createReceiver({port: trap, address: "127.0.0.1", disableAuthorization: true}, (error, notification) => {
    if (error) {
        console.log(JSON.stringify({error: String(error)}));
        return;
    }
    const objects = {};
    for (const variable of notification.pdu.varbinds)
        objects[variable.oid] = Buffer.isBuffer(variable.value) ? variable.value.toString("latin1") : variable.value;
    console.log(JSON.stringify({type: snmp.PduType[notification.pdu.type], objects}));
});
receiver.getAuthorizer().addCommunity("public");

const session = snmp.createSession("127.0.0.1", "public", {port: agent, version: snmp.Version2c});
session.tableColumns(root + ".1.5", [3, 11, 9], 20, (error, table) => {
    if (error)
        throw error;
    for (const row of Object.values(table)) {
        for (const column of Object.keys(row))
            row[column] = Buffer.isBuffer(row[column]) ? row[column].toString() : row[column];
    }
    console.log(JSON.stringify(table));
    console.log("listening");
});
