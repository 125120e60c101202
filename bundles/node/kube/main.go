// SPDX-License-Identifier: Apache-2.0

// Command kube is every program of a Kubernetes control plane and node in one file. It acts as the
// program whose name it was started under (a link), or as the one its first argument names.
//
// One file instead of seven: they share nine tenths of their code, 160 MB instead of about 600.
// The components' own main packages live under k8s.io/kubernetes/cmd (v1.37.2); this does what they
// do: make the command, run it with component-base's cli.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmerrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var commands = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

func names() []string {
	all := []string{"etcd", "kubeadm"}
	for name := range commands {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func main() {
	name := filepath.Base(os.Args[0])
	if !slices.Contains(names(), name) && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		return
	case "kubeadm": // kind's nodes start with it
		kubeadmerrors.HandleError(kubeadm.Run())
		return
	}
	command, known := commands[name]
	if !known {
		fmt.Fprintf(os.Stderr, "usage: kube PROGRAM [ARGUMENT...]; the programs are %v\n", names())
		os.Exit(2)
	}
	os.Exit(cli.Run(command()))
}
