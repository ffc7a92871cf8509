// Package route says which record goes where: a [Route] is plain data that
// names a destination and states what it takes, how it is buffered, batched,
// retried, and what becomes of records that cannot be delivered.
//
//	routes := []route.Route{
//		{Name: "console", To: console.Destination{}, Levels: route.AtLeast(slog.LevelWarn), Direct: true},
//		{Name: "collector", To: tcp.Destination{Addr: "logs.internal:5170"}},
//	}
//
// A record goes to every route that takes it. Routes are read by handler.New
// and not changed by anyone.
package route
