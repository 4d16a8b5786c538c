import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * JSSE as a server or a client: Peer server PORT KEYSTORE, or Peer client PORT. The password is "survey". The property
 * "providers" names the classes of other providers, joined by commas.
 */
public class Peer {
    private static final String[] VERSIONS = {"TLSv1.2", "TLSv1.1", "TLSv1"};

    public static void main(String[] arguments) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        String others = System.getProperty("providers", "");
        for (String name : others.isEmpty() ? new String[0] : others.split(",")) {
            Security.insertProviderAt((Provider) Class.forName(name).getDeclaredConstructor().newInstance(), 1);
        }
        int port = Integer.parseInt(arguments[1]);
        if (arguments[0].equals("server")) {
            serve(port, arguments[2]);
        } else {
            connect(port);
        }
    }

    private static void serve(int port, String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(file)) {
            store.load(in, "survey".toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, "survey".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        SSLServerSocket listening = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
        listening.setEnabledProtocols(VERSIONS);
        listening.setEnabledCipherSuites(listening.getSupportedCipherSuites());
        while (true) {
            SSLSocket accepted = (SSLSocket) listening.accept();
            new Thread(() -> talk(accepted)).start();
        }
    }

    private static void connect(int port) throws Exception {
        TrustManager anyone = new X509TrustManager() {
            public void checkClientTrusted(X509Certificate[] chain, String type) {}

            public void checkServerTrusted(X509Certificate[] chain, String type) {}

            public X509Certificate[] getAcceptedIssuers() {
                return new X509Certificate[0];
            }
        };
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {anyone}, null);
        while (true) {
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
            socket.setEnabledProtocols(VERSIONS);
            socket.setEnabledCipherSuites(socket.getSupportedCipherSuites());
            talk(socket);
        }
    }

    private static void talk(SSLSocket socket) {
        try (socket) {
            socket.setSoTimeout(10_000);
            socket.startHandshake();
            while (socket.getInputStream().read() >= 0) {
                // Nothing is said.
            }
        } catch (IOException error) {
            System.err.println(error);
        }
    }
}
