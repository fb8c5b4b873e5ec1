"""The mock control system: any name is a channel, values repeat under a seed, every fault can be switched on."""
